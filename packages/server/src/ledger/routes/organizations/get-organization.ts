import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { OrganizationView, organizationExample, organizationView } from '../../views/organization.js';
import { ok } from '../shared/answers.js';
import { may, param } from '../shared/paths.js';

export const getOrganization = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: '/v1/organizations/:id',
    guard: may('organizations', 'get'),
    operationId: 'getOrganization',
    tag: 'Organizations',
    summary: 'Read an organization',
    success: { status: 200, description: 'The organization.', schema: OrganizationView, example: organizationExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      const row = await readTenant(context, (tx) => getLive(tx, 'organization', {}, id));
      return ok(organizationView(row));
    },
  });
