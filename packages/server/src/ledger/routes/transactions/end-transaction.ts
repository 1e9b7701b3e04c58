import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { endedView, TransactionView, transactionExample } from '../../views/transaction.js';
import { created } from '../shared/answers.js';
import { ledgerPath, may } from '../shared/paths.js';
import { routeErrors } from './create-transaction.js';
import { transactionOf } from './transaction-of.js';

/** What commit and cancel share: the one way in which a hold ends (ledger-api §5.6). */
export const endTransactionRoute = (
  { poster }: LedgerDeps,
  kind: 'commit' | 'cancel',
  texts: { readonly summary: string; readonly description: string },
) =>
  defineRoute<TenantContext>({
    method: 'POST',
    url: `${ledgerPath}/transactions/:transaction_id/${kind}`,
    guard: may('transactions', 'post'),
    operationId: `${kind}Transaction`,
    tag: 'Transactions',
    ...texts,
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
      const posted = await poster.post(context, { kind, ...transactionOf(params) });
      return created(endedView(posted, posted.held));
    },
  });
