import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute } from './create-transaction.js';
import { jsonExample } from './examples.js';
import { TransactionBody } from './transaction-body.js';

export const createUnblockTransaction = (deps: LedgerDeps) =>
  createTransactionRoute(deps, {
    name: 'unblock',
    operationId: 'createUnblockTransaction',
    summary: 'Unblock money',
    description: 'A transfer at once, usually between two balances of one account; its operations have type UNBLOCK.',
    kind: 'unblock',
    body: TransactionBody,
    requestExample: jsonExample,
    expand: (body) => body,
  });
