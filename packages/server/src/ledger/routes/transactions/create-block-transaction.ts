import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute } from './create-transaction.js';
import { jsonExample } from './examples.js';
import { TransactionBody } from './transaction-body.js';

export const createBlockTransaction = (deps: LedgerDeps) =>
  createTransactionRoute(deps, {
    name: 'block',
    operationId: 'createBlockTransaction',
    summary: 'Block money',
    description: 'A transfer at once, usually between two balances of one account; its operations have type BLOCK.',
    kind: 'block',
    body: TransactionBody,
    requestExample: jsonExample,
    expand: (body) => body,
  });
