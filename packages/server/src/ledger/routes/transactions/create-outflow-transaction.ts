import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute } from './create-transaction.js';
import { outflowExample } from './examples.js';
import { expandOutflow } from './read-posting.js';
import { OutflowBody } from './transaction-body.js';

export const createOutflowTransaction = (deps: LedgerDeps) =>
  createTransactionRoute(deps, {
    name: 'outflow',
    operationId: 'createOutflowTransaction',
    summary: 'Post money going out',
    description: 'The destination is the external account of the asset.',
    kind: 'direct',
    body: OutflowBody,
    requestExample: outflowExample,
    expand: expandOutflow,
  });
