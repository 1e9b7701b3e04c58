import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { deleteTenant, reactivateTenant, suspendTenant } from '../change-status.js';
import { type TenantManager, waitUntilSettled } from '../tenant-manager.js';
import { findTenant } from '../tenant-record.js';
import type { OperatorContext } from './admission.js';
import { readTenantId } from './read-tenants.js';
import { tenantSchema } from './schemas.js';
import { viewTenant } from './tenant-view.js';

const common = { textParams: ['tenant_id'], guard: { operator: true }, tag: 'Tenants', errors: [] } as const;

export const suspendTenantRoute = (manager: TenantManager): RouteDefinition<OperatorContext> =>
  defineRoute<OperatorContext>({
    ...common,
    method: 'PUT',
    url: '/v1/tenants/:tenant_id/suspend',
    operationId: 'suspendTenant',
    summary: 'Suspend a tenant',
    description: 'Keeps the data; every process refuses its requests within 2 s. Suspending it again answers 409.',
    success: { status: 200, description: 'The tenant, `suspended`', schema: tenantSchema },
    async handler({ params, context }) {
      return { status: 200, body: viewTenant(await suspendTenant(manager, readTenantId(params), context.actor)) };
    },
  });

export const reactivateTenantRoute = (manager: TenantManager): RouteDefinition<OperatorContext> =>
  defineRoute<OperatorContext>({
    ...common,
    method: 'PUT',
    url: '/v1/tenants/:tenant_id/reactivate',
    operationId: 'reactivateTenant',
    summary: 'Reactivate a tenant',
    description:
      'Of a suspended tenant, or of a deleted one whose retention has not ended. Of a failed one it starts provisioning anew. An active one answers 409.',
    success: { status: 200, description: 'The tenant', schema: tenantSchema },
    async handler({ params, context }) {
      const tenant = await reactivateTenant(manager, readTenantId(params), context.actor);
      if (tenant.status === 'provisioning') await waitUntilSettled(manager, tenant.id, 10_000);
      return { status: 200, body: viewTenant((await findTenant(manager.control.pool, tenant.id)) ?? tenant) };
    },
  });

export const deleteTenantRoute = (manager: TenantManager): RouteDefinition<OperatorContext> =>
  defineRoute<OperatorContext>({
    ...common,
    method: 'DELETE',
    url: '/v1/tenants/:tenant_id',
    operationId: 'deleteTenant',
    summary: 'Delete a suspended tenant',
    description:
      'The data is kept until `purgeAfter` (TENANT_RETENTION_DAYS) and can be had back by reactivating; then database or schema and logins are dropped for good. 409 unless suspended, or failed.',
    success: { status: 202, description: 'The tenant, `deleting`', schema: tenantSchema },
    async handler({ params, context }) {
      const tenant = await deleteTenant(manager, readTenantId(params), context.actor);
      if (tenant.purgeAfter !== null) manager.lookForWork(new Date(tenant.purgeAfter));
      return { status: 202, body: viewTenant(tenant) };
    },
  });
