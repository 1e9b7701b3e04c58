import { readText } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals } from '../../storage/list-rows.js';
import { HolderView, holderExample, holderView } from '../../views/holder.js';
import { readIncludeDeleted } from '../shared/deleted-query.js';
import { answerPage, flagFilter, listErrors, pageQuery, pageSuccess } from '../shared/lists.js';
import { may, organizationPath, organizationScope } from '../shared/paths.js';

export const listHolders = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${organizationPath}/holders`,
    guard: may('holders', 'get'),
    operationId: 'listHolders',
    tag: 'Holders',
    summary: 'List the holders of an organization',
    query: pageQuery({ external_id: 'Exact.', document: 'Exact.', include_deleted: flagFilter('Deleted ones too.') }),
    success: pageSuccess(HolderView, holderExample),
    errors: listErrors,
    handler: async (call) =>
      answerPage(deps, call, {
        table: 'holder',
        scope: organizationScope(call.params),
        filters: [
          ...equals('external_id', readText(call.query, 'external_id')),
          ...equals('document', readText(call.query, 'document')),
        ],
        noneFound: 'an empty page',
        includeDeleted: readIncludeDeleted(call.query),
        view: holderView,
      }),
  });
