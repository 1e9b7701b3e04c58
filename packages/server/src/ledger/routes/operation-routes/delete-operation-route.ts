import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteOperationRoute as remove } from '../../storage/operation-routes.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const deleteOperationRoute = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${ledgerPath}/operation-routes/:operation_route_id`,
    guard: may('operation-routes', 'delete'),
    operationId: 'deleteOperationRoute',
    tag: 'Operation routes',
    summary: 'Delete an operation route',
    description: 'Refused while a transaction route is made of it.',
    success: deletedSuccess,
    errors: ['operation_route_not_found', 'operation_route_linked_to_transaction_routes'],
    handler: async ({ context, params }) => {
      await withTenant(context, (tx) => remove(tx, deps, ledgerScope(params), param(params, 'operation_route_id')));
      return noContent;
    },
  });
