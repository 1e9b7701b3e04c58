import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteEntity, getLive } from '../../storage/entity-rows.js';
import { recordEvent } from '../../storage/record-event.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent, notInProduction } from '../shared/answers.js';
import { may, param } from '../shared/paths.js';

export const deleteOrganization = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: '/v1/organizations/:id',
    guard: may('organizations', 'delete'),
    operationId: 'deleteOrganization',
    tag: 'Organizations',
    summary: 'Delete an organization',
    description:
      'Soft: the record stays in the store and is not found any more. What belongs to it stays as it is. Refused in production.',
    success: deletedSuccess,
    errors: ['entity_not_found', 'action_not_permitted'],
    handler: async ({ context, params }) => {
      if (deps.production) throw notInProduction('Organization');
      const id = param(params, 'id');
      await withTenant(context, async (tx) => {
        await getLive(tx, 'organization', {}, id, 'update');
        await deleteEntity(tx, 'organization', id, deps.now());
        await recordEvent(tx, 'organization.deleted', id);
      });
      return noContent;
    },
  });
