import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { countAssets } from './count-assets.js';
import { createAsset } from './create-asset.js';
import { deleteAsset } from './delete-asset.js';
import { getAsset } from './get-asset.js';
import { listAssets } from './list-assets.js';
import { updateAsset } from './update-asset.js';

export function assetRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [createAsset(deps), listAssets(deps), getAsset(), updateAsset(deps), deleteAsset(deps), countAssets()];
}
