import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute } from './create-transaction.js';
import { inflowExample } from './examples.js';
import { expandInflow } from './read-posting.js';
import { InflowBody } from './transaction-body.js';

export const createInflowTransaction = (deps: LedgerDeps) =>
  createTransactionRoute(deps, {
    name: 'inflow',
    operationId: 'createInflowTransaction',
    summary: 'Post money coming in',
    description: 'The source is the external account of the asset.',
    kind: 'direct',
    body: InflowBody,
    requestExample: inflowExample,
    expand: expandInflow,
  });
