import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { SegmentView, segmentExample, segmentView } from '../../views/segment.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getSegment = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/segments/:id`,
    guard: may('segments', 'get'),
    operationId: 'getSegment',
    tag: 'Segments',
    summary: 'Read a segment',
    success: { status: 200, description: 'The segment.', schema: SegmentView, example: segmentExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      const row = await readTenant(context, (tx) => getLive(tx, 'segment', ledgerScope(params), id));
      return ok(segmentView(row));
    },
  });
