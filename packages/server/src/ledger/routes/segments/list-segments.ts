import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { SegmentView, segmentExample, segmentView } from '../../views/segment.js';
import { answerPage, listErrors, pageQuery, pageSuccess } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const listSegments = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/segments`,
    guard: may('segments', 'get'),
    operationId: 'listSegments',
    tag: 'Segments',
    summary: 'List the segments of a ledger',
    query: pageQuery(),
    success: pageSuccess(SegmentView, segmentExample),
    errors: [...listErrors, 'no_segments_found'],
    handler: (call) =>
      answerPage(deps, call, {
        table: 'segment',
        scope: ledgerScope(call.params),
        filters: [],
        noneFound: 'no_segments_found',
        view: segmentView,
      }),
  });
