import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute } from './create-transaction-route.js';
import { deleteTransactionRoute } from './delete-transaction-route.js';
import { getTransactionRoute } from './get-transaction-route.js';
import { listTransactionRoutes } from './list-transaction-routes.js';
import { updateTransactionRoute } from './update-transaction-route.js';

/** Rows 81–85 of ledger-api §2. */
export function transactionRouteRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createTransactionRoute(deps),
    listTransactionRoutes(deps),
    getTransactionRoute(),
    updateTransactionRoute(deps),
    deleteTransactionRoute(deps),
  ];
}
