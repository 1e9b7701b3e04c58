import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { TransactionView, transactionExample, transactionView } from '../../views/transaction.js';
import { created } from '../shared/answers.js';
import { ledgerPath, may } from '../shared/paths.js';
import { routeErrors } from './create-transaction.js';
import { transactionOf } from './transaction-of.js';

export const revertTransaction = ({ poster }: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'POST',
    url: `${ledgerPath}/transactions/:transaction_id/revert`,
    guard: may('transactions', 'post'),
    operationId: 'revertTransaction',
    tag: 'Transactions',
    summary: 'Revert a transaction',
    description: 'Posts a new transaction that undoes an approved one and names it as parentTransactionId.',
    success: {
      status: 201,
      description: 'The transaction with the operations of this step.',
      schema: TransactionView,
      example: transactionExample,
    },
    errors: [
      'entity_not_found',
      'transaction_revert_already_exist',
      'transaction_is_already_a_reversal',
      'invalid_transaction_status',
      'transaction_cannot_be_reverted',
      'route_not_bidirectional',
      'transaction_ambiguous_account',
      'transaction_route_not_informed',
      'invalid_transaction_route_id',
      'transaction_route_not_found',
      ...routeErrors,
      'transaction_reservation_unavailable',
      'account_ineligibility',
      'account_status_transaction_restriction',
      'insufficient_funds',
      'overdraft_limit_exceeded',
      'stale_balance_version',
    ],
    handler: async ({ context, params }) =>
      created(transactionView(await poster.post(context, { kind: 'revert', ...transactionOf(params) }))),
  });
