import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { MetadataPatch, StatusInput, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeSegment } from '../../storage/segments.js';
import { withTenant } from '../../storage/with-tenant.js';
import { SegmentView, segmentExample, segmentView } from '../../views/segment.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

const Body = Type.Object(
  {
    name: Type.Optional(Text(256)),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updateSegment = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: `${ledgerPath}/segments/:id`,
    guard: may('segments', 'patch'),
    operationId: 'updateSegment',
    tag: 'Segments',
    summary: 'Change a segment',
    description: 'Members left out, empty or null stay as they are.',
    body: Body,
    requestExample: { name: 'Retail customers', metadata: { region: 'east' } },
    success: { status: 200, description: 'After the change.', schema: SegmentView, example: segmentExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'id');
      const row = await withTenant(context, (tx) => changeSegment(tx, deps, ledgerScope(params), id, body));
      return ok(segmentView(row));
    },
  });
