import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import { Type } from 'typebox';
import { readOneOf } from '../../http/query.js';
import { defineRoute } from '../../http/route.js';
import { services } from '../associations.js';
import { noSuchTenant } from '../change-status.js';
import { TenancyError } from '../tenancy-error.js';
import type { TenantManager } from '../tenant-manager.js';
import { findTenant, listActiveTenants, listTenants } from '../tenant-record.js';
import type { OperatorContext } from './admission.js';
import { readPage, writePage } from './paging.js';
import { tenantSchema } from './schemas.js';
import { viewTenant } from './tenant-view.js';

const statuses = ['provisioning', 'failed', 'active', 'suspended', 'deleting', 'deleted'] as const;

/** The `tenant_id` of the path, canonical. @throws TenancyError invalid_tenant_id */
export function readTenantId(params: Readonly<Record<string, string>>): TenantId {
  const id = canonicalTenantId(params['tenant_id'] ?? '');
  if (id === undefined)
    throw new TenancyError(
      'invalid_tenant_id',
      'A tenant id is a UUID (dashes optional), or letters, digits, dashes and underscores.',
    );
  return id;
}

export const getTenantRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext>({
    method: 'GET',
    url: '/v1/tenants/:tenant_id',
    textParams: ['tenant_id'],
    guard: { operator: true },
    operationId: 'getTenant',
    tag: 'Tenants',
    summary: 'Get a tenant',
    success: { status: 200, description: 'The tenant; also when deleted, as a tombstone', schema: tenantSchema },
    errors: [],
    async handler({ params }) {
      const tenant = await findTenant(manager.control.pool, readTenantId(params));
      if (tenant === undefined) throw noSuchTenant();
      return { status: 200, body: viewTenant(tenant) };
    },
  });

export const listTenantsRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext>({
    method: 'GET',
    url: '/v1/tenants',
    guard: { operator: true },
    operationId: 'listTenants',
    tag: 'Tenants',
    summary: 'List tenants, oldest first',
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
      cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
      status: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: statuses })),
    }),
    success: {
      status: 200,
      description: '`next_cursor` is absent on the last page',
      schema: Type.Object({
        items: Type.Array(tenantSchema),
        limit: Type.Integer(),
        next_cursor: Type.Optional(Type.String()),
      }),
    },
    errors: [],
    async handler({ query }) {
      const { limit, after } = readPage(query, /^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$/);
      const status = readOneOf(query, 'status', statuses);
      const rows = await listTenants(manager.control.pool, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
        ...(status === undefined ? {} : { status }),
      });
      return { status: 200, body: writePage(rows, limit, viewTenant, ({ id }) => id) };
    },
  });

export const listActiveTenantsRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext>({
    method: 'GET',
    url: '/v1/tenants/active',
    guard: { operator: true },
    operationId: 'listActiveTenants',
    tag: 'Tenants',
    summary: 'List the tenants that a service serves',
    query: Type.Object({ service: Type.Optional(Type.String({ default: 'ledger' })) }),
    success: {
      status: 200,
      description: 'All of them, in one answer',
      schema: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), status: Type.String() })),
    },
    errors: [],
    async handler({ query }) {
      const service = query['service'] || 'ledger';
      if (!services.includes(service))
        throw new TenancyError('service_not_found', `There is no service of that name; known: ${services.join(', ')}.`);
      return { status: 200, body: await listActiveTenants(manager.control.pool, service) };
    },
  });
