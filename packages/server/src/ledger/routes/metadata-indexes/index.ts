import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createMetadataIndex } from './create-metadata-index.js';
import { deleteMetadataIndex } from './delete-metadata-index.js';
import { listMetadataIndexes } from './list-metadata-indexes.js';

/** Rows 86–88 of ledger-api §2. */
export function metadataIndexRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [listMetadataIndexes(), createMetadataIndex(deps), deleteMetadataIndex(deps)];
}
