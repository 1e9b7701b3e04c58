import { Type } from 'typebox';
import { defineRoute } from '../../http/route.js';
import { MetadataPatch } from '../../http/schemas.js';
import type { TenantManager } from '../tenant-manager.js';
import { updateTenant } from '../update-tenant.js';
import type { OperatorContext } from './admission.js';
import { readTenantId } from './read-tenants.js';
import { tenantSchema } from './schemas.js';
import { viewTenant } from './tenant-view.js';

const common = { textParams: ['tenant_id'], guard: { operator: true }, tag: 'Tenants', errors: [] } as const;

const body = Type.Object(
  {
    name: Type.Optional(Type.Unsafe<string>({ type: 'string', minLength: 1, maxLength: 256 })),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updateTenantRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext, typeof body>({
    ...common,
    method: 'PATCH',
    url: '/v1/tenants/:tenant_id',
    operationId: 'updateTenant',
    summary: 'Change name or metadata of a tenant',
    description: 'Both are for display. Slug, isolation and id never change.',
    body,
    requestExample: { name: 'Acme S.A.', metadata: { tier: 2 } },
    success: { status: 200, description: 'The tenant', schema: tenantSchema },
    async handler({ params, body: { name, metadata }, context }) {
      const change = { ...(name === undefined ? {} : { name }), ...(metadata === undefined ? {} : { metadata }) };
      const by = { actor: context.actor, action: 'tenant.update' } as const;
      return { status: 200, body: viewTenant(await updateTenant(manager, readTenantId(params), change, by)) };
    },
  });

export const invalidateCacheRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext>({
    ...common,
    method: 'PUT',
    url: '/v1/tenants/:tenant_id/cache/invalidate',
    operationId: 'invalidateTenantCache',
    summary: 'Let every process read the configuration of a tenant anew',
    success: { status: 200, description: 'The tenant', schema: tenantSchema },
    async handler({ params, context }) {
      const by = { actor: context.actor, action: 'tenant.cache.invalidate' } as const;
      return { status: 200, body: viewTenant(await updateTenant(manager, readTenantId(params), {}, by)) };
    },
  });
