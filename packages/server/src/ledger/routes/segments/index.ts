import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { countSegments } from './count-segments.js';
import { createSegment } from './create-segment.js';
import { deleteSegment } from './delete-segment.js';
import { getSegment } from './get-segment.js';
import { listSegments } from './list-segments.js';
import { updateSegment } from './update-segment.js';

export function segmentRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createSegment(deps),
    listSegments(deps),
    getSegment(),
    updateSegment(deps),
    deleteSegment(deps),
    countSegments(),
  ];
}
