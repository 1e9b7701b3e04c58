import { Type } from 'typebox';
import { defineRoute } from '../../http/route.js';
import { getQuotas, setQuotas } from '../change-quotas.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';
import { readTenantId } from './read-tenants.js';

const bound = (max: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: max, description }));

const quotas = Type.Object(
  {
    requestsPerSecond: bound(1_000_000, 'Requests a second that one process serves of this tenant; above: 429.'),
    burst: bound(
      1_000_000,
      'Requests at once after a pause; default: those of one second. At least those of a tenth of a second.',
    ),
    concurrentPosts: bound(100_000, 'Requests that change something under way in one process; above: 429.'),
  },
  { additionalProperties: false },
);

const common = {
  textParams: ['tenant_id'],
  guard: { operator: true },
  tag: 'Tenants',
  errors: [],
} as const;

export const getQuotasRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: '/v1/tenants/:tenant_id/quotas',
    operationId: 'getQuotas',
    summary: 'Get the quotas of a tenant',
    success: { status: 200, description: 'What is bounded; what is absent is not', schema: quotas },
    handler: async ({ params }) => ({ status: 200, body: await getQuotas(manager, readTenantId(params)) }),
  });

export const putQuotasRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext, typeof quotas>({
    ...common,
    method: 'PUT',
    url: '/v1/tenants/:tenant_id/quotas',
    operationId: 'putQuotas',
    summary: 'Replace the quotas of a tenant',
    description: 'Every ledger process keeps to them within 2 s, each by itself: divide by the number of processes.',
    body: quotas,
    requestExample: { requestsPerSecond: 500, concurrentPosts: 200 },
    success: { status: 200, description: 'As they are now', schema: quotas },
    handler: async ({ params, body, context }) => ({
      status: 200,
      body: await setQuotas(manager, readTenantId(params), body, context.actor),
    }),
  });
