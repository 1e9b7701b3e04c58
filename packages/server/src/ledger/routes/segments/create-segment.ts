import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Metadata, StatusInput, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createSegment as create } from '../../storage/segments.js';
import { withTenant } from '../../storage/with-tenant.js';
import { SegmentView, segmentExample, segmentView } from '../../views/segment.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

const Body = Type.Object(
  {
    name: Text(256),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(Metadata()),
  },
  { additionalProperties: false },
);

export const createSegment = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/segments`,
    guard: may('segments', 'post'),
    operationId: 'createSegment',
    tag: 'Segments',
    summary: 'Create a segment',
    body: Body,
    requestExample: { name: 'Retail' },
    success: { status: 201, description: 'The new segment.', schema: SegmentView, example: segmentExample },
    errors: ['ledger_id_not_found', 'duplicate_segment_name'],
    handler: async ({ context, params, body }) =>
      created(segmentView(await withTenant(context, (tx) => create(tx, deps, ledgerScope(params), body)))),
  });
