import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';

export function segmentRoutes(_deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [];
}
