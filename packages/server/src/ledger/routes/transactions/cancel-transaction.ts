import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { endedView, TransactionView, transactionExample } from '../../views/transaction.js';
import { created } from '../shared/answers.js';
import { ledgerPath, may } from '../shared/paths.js';
import { routeErrors } from './create-transaction.js';
import { transactionOf } from './transaction-of.js';

export const cancelTransaction = ({ poster }: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'POST',
    url: `${ledgerPath}/transactions/:transaction_id/cancel`,
    guard: may('transactions', 'post'),
    operationId: 'cancelTransaction',
    tag: 'Transactions',
    summary: 'Cancel a pending transaction',
    description: 'What was held is available again.',
    success: {
      status: 201,
      description: 'The transaction with the operations of this step.',
      schema: TransactionView,
      example: transactionExample,
    },
    errors: [
      'entity_not_found',
      'invalid_transaction_status',
      'transaction_locked',
      'transaction_route_not_informed',
      'invalid_transaction_route_id',
      'transaction_route_not_found',
      ...routeErrors,
      'insufficient_funds',
      'stale_balance_version',
    ],
    handler: async ({ context, params }) => {
      const posted = await poster.post(context, { kind: 'cancel', ...transactionOf(params) });
      return created(endedView(posted, posted.held));
    },
  });
