import { type Answer, defineRoute } from '../../http/route.js';
import { createTenant } from '../create-tenant.js';
import type { NewTenant } from '../creation/new-tenant.js';
import { type TenantManager, waitUntilSettled } from '../tenant-manager.js';
import { findTenant } from '../tenant-record.js';
import type { OperatorContext } from './admission.js';
import { readConnection } from './read-connection.js';
import { readLabels } from './read-labels.js';
import { type NewTenantBody, newTenantBody, tenantSchema } from './schemas.js';
import { viewTenant } from './tenant-view.js';

/** Long enough for nearly every tenant to be active in the answer; after that the caller polls. */
const waitMs = 10_000;

export const createTenantRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext, typeof newTenantBody>({
    method: 'POST',
    url: '/v1/tenants',
    guard: { operator: true },
    operationId: 'createTenant',
    tag: 'Tenants',
    summary: 'Create a tenant',
    description:
      'Provisions database or schema, logins, books and the Access Manager’s directory. The same request again answers 200 and the existing tenant, without the secret; another tenant with the slug answers 409.',
    body: newTenantBody,
    requestExample: {
      name: 'Acme Ltda.',
      slug: 'acme',
      isolation: 'database',
      owner: { email: 'owner@acme.example', password: 'Correct-Horse-42' },
      application: { name: 'backend', role: 'editor' },
    },
    success: { status: 201, description: 'The tenant, `active` unless provisioning takes long', schema: tenantSchema },
    errors: [],
    async handler({ body, context }): Promise<Answer> {
      const request = readRequest(body, manager);
      const { tenant, isNew, application } = await createTenant(manager, request, context.actor);
      if (tenant.status === 'provisioning') await waitUntilSettled(manager, tenant.id, waitMs);
      const view = viewTenant((await findTenant(manager.control.pool, tenant.id)) ?? tenant);
      return { status: isNew ? 201 : 200, body: application === undefined ? view : { ...view, application } };
    },
  });

function readRequest({ database, placement, ...rest }: NewTenantBody, { isLocal }: TenantManager): NewTenant {
  const { server, labels } = placement ?? {};
  return {
    ...rest,
    ...(database === undefined ? {} : { database: readConnection(database, isLocal) }),
    ...(placement === undefined
      ? {}
      : {
          placement: {
            ...(server === undefined ? {} : { server }),
            ...(labels === undefined ? {} : { labels: readLabels(labels) }),
          },
        }),
  };
}
