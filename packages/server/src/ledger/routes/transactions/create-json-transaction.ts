import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute } from './create-transaction.js';
import { jsonExample } from './examples.js';
import { TransactionBody } from './transaction-body.js';

export const createJsonTransaction = (deps: LedgerDeps) =>
  createTransactionRoute(deps, {
    name: 'json',
    operationId: 'createJsonTransaction',
    summary: 'Post a transaction',
    description: 'Many to many; each leg takes an amount, a share of the value, or what the legs before it left over.',
    kind: 'direct',
    body: TransactionBody,
    requestExample: jsonExample,
    expand: (body) => body,
  });
