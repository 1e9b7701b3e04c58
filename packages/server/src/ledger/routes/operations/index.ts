import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { getOperation } from './get-operation.js';
import { listOperations } from './list-operations.js';
import { patchOperation, patchOperationOfAccount } from './patch-operation.js';

/** Rows 73–75 of ledger-api §2, and the paths by which older clients reach the same (§15.1 rows 1 and 2). */
export function operationRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    listOperations(deps, 'v1'),
    getOperation('v1'),
    patchOperation(deps),
    listOperations(deps, 'unversioned'),
    getOperation('unversioned'),
    patchOperationOfAccount(deps),
  ];
}
