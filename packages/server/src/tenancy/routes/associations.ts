import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { associate, getAssociation, setAssociationStatus } from '../associations.js';
import { noSuchTenant } from '../change-status.js';
import { describeConnections } from '../describe-connections.js';
import type { TenantManager } from '../tenant-manager.js';
import { findTenant } from '../tenant-record.js';
import type { OperatorContext } from './admission.js';
import { readTenantId } from './read-tenants.js';

const base = '/v1/tenants/:tenant_id/associations/:service';
const common = {
  textParams: ['tenant_id', 'service'],
  guard: { operator: true },
  tag: 'Associations',
  errors: [],
} as const;
const associationSchema = Type.Object({
  serviceName: Type.String(),
  status: Type.String(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});

export const associationRoutes = (manager: TenantManager): RouteDefinition<OperatorContext>[] => [
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: base,
    operationId: 'getAssociation',
    summary: 'Get a service of a tenant',
    success: { status: 200, description: 'The association', schema: associationSchema },
    async handler({ params }) {
      const id = await knownTenant(manager, params);
      return { status: 200, body: await getAssociation(manager.control, id, params['service'] ?? '') };
    },
  }),
  defineRoute<OperatorContext>({
    ...common,
    method: 'POST',
    url: base,
    operationId: 'associateService',
    summary: 'Associate a service',
    description: 'The ledger is associated when the tenant is made, so this answers 409 for it.',
    body: Type.Object(
      {
        isolationMode: Type.Optional(Type.String()),
        maxOpenConns: Type.Optional(Type.Integer()),
        maxIdleConns: Type.Optional(Type.Integer()),
      },
      { additionalProperties: false },
    ),
    success: { status: 201, description: 'The association', schema: associationSchema },
    async handler({ params, context }) {
      const id = await knownTenant(manager, params);
      return associate(manager.control, id, params['service'] ?? '', context.actor);
    },
  }),
  ...(
    [
      ['suspend', 'suspendAssociation', 'active', 'suspended'],
      ['reactivate', 'reactivateAssociation', 'suspended', 'active'],
    ] as const
  ).map(([verb, operationId, from, to]) =>
    defineRoute<OperatorContext>({
      ...common,
      method: 'PUT',
      url: `${base}/${verb}`,
      operationId,
      summary: `${verb === 'suspend' ? 'Suspend' : 'Reactivate'} one service of a tenant`,
      success: { status: 200, description: `The association, \`${to}\``, schema: associationSchema },
      async handler({ params, context }) {
        const id = await knownTenant(manager, params);
        const change = { from, to, actor: context.actor };
        return { status: 200, body: await setAssociationStatus(manager.control, id, params['service'] ?? '', change) };
      },
    }),
  ),
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: `${base}/connections`,
    operationId: 'getConnections',
    summary: 'Connection settings of a service',
    description: 'Holds the credentials of the run-time login. Never expose this listener through a public gateway.',
    success: { status: 200, description: 'By module; both modules of the ledger are in one database' },
    async handler({ params, context }) {
      const id = await knownTenant(manager, params);
      return { status: 200, body: await describeConnections(manager, id, params['service'] ?? '', context.actor) };
    },
  }),
];

async function knownTenant(manager: TenantManager, params: Readonly<Record<string, string>>) {
  const tenant = await findTenant(manager.control.pool, readTenantId(params));
  if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
  return tenant.id;
}
