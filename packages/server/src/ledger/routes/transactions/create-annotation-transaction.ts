import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute } from './create-transaction.js';
import { jsonExample } from './examples.js';
import { TransactionBody } from './transaction-body.js';

export const createAnnotationTransaction = (deps: LedgerDeps) =>
  createTransactionRoute(deps, {
    name: 'annotation',
    operationId: 'createAnnotationTransaction',
    summary: 'Record a transaction that moves nothing',
    description: 'Checked like any other, funds apart; its operations have balanceAffected false.',
    kind: 'annotation',
    body: TransactionBody,
    requestExample: jsonExample,
    expand: (body) => body,
  });
