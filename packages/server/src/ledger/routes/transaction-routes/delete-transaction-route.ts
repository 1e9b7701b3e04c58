import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteTransactionRoute as remove } from '../../storage/transaction-routes.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const deleteTransactionRoute = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${ledgerPath}/transaction-routes/:transaction_route_id`,
    guard: may('transaction-routes', 'delete'),
    operationId: 'deleteTransactionRoute',
    tag: 'Transaction routes',
    summary: 'Delete a transaction route',
    description: 'Its operation routes stay and are free of it.',
    success: deletedSuccess,
    errors: ['transaction_route_not_found'],
    handler: async ({ context, params }) => {
      await withTenant(context, (tx) => remove(tx, deps, ledgerScope(params), param(params, 'transaction_route_id')));
      return noContent;
    },
  });
