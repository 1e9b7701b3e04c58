import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteHolder as remove } from '../../storage/holders.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { hardDeleteQuery, readHardDelete } from '../shared/deleted-query.js';
import { may, organizationPath, organizationScope, param } from '../shared/paths.js';

export const deleteHolder = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${organizationPath}/holders/:id`,
    guard: may('holders', 'delete'),
    operationId: 'deleteHolder',
    tag: 'Holders',
    summary: 'Delete a holder',
    description: 'Refused while it has instruments or accounts.',
    query: hardDeleteQuery,
    success: deletedSuccess,
    errors: ['holder_id_not_found', 'holder_has_instruments', 'holder_has_accounts'],
    handler: async ({ context, params, query }) => {
      const hard = readHardDelete(query);
      const id = param(params, 'id');
      await withTenant(context, (tx) => remove(tx, deps, organizationScope(params), id, hard));
      return noContent;
    },
  });
