import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { getAssetRate } from './get-asset-rate.js';
import { listAssetRates } from './list-asset-rates.js';
import { listLegacyAssetRates } from './list-legacy-asset-rates.js';
import { putAssetRate } from './put-asset-rate.js';
import { putLegacyAssetRate } from './put-legacy-asset-rate.js';

/** Rows 21–23 of ledger-api §2, and the paths of older clients (§15.1 row 3). */
export function assetRateRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [putAssetRate(deps), getAssetRate(), listAssetRates(deps), putLegacyAssetRate(deps), listLegacyAssetRates()];
}
