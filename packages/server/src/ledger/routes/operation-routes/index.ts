import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createOperationRoute } from './create-operation-route.js';
import { deleteOperationRoute } from './delete-operation-route.js';
import { getOperationRoute } from './get-operation-route.js';
import { listOperationRoutes } from './list-operation-routes.js';
import { updateOperationRoute } from './update-operation-route.js';

/** Rows 76–80 of ledger-api §2. */
export function operationRouteRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createOperationRoute(deps),
    listOperationRoutes(deps),
    getOperationRoute(),
    updateOperationRoute(deps),
    deleteOperationRoute(deps),
  ];
}
