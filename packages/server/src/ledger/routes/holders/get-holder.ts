import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getAny } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { HolderView, holderExample, holderView } from '../../views/holder.js';
import { ok } from '../shared/answers.js';
import { includeDeletedQuery, readIncludeDeleted } from '../shared/deleted-query.js';
import { may, organizationPath, organizationScope, param } from '../shared/paths.js';

export const getHolder = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${organizationPath}/holders/:id`,
    guard: may('holders', 'get'),
    operationId: 'getHolder',
    tag: 'Holders',
    summary: 'Get a holder',
    query: includeDeletedQuery,
    success: { status: 200, description: 'The holder.', schema: HolderView, example: holderExample },
    errors: ['holder_id_not_found'],
    handler: async ({ context, params, query }) => {
      const deleted = readIncludeDeleted(query);
      const id = param(params, 'id');
      return ok(
        holderView(await readTenant(context, (tx) => getAny(tx, 'holder', organizationScope(params), id, deleted))),
      );
    },
  });
