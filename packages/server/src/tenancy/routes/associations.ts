import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Nullable, OneOf, Text } from '../../http/schemas.js';
import { type AssociationAction, changeAssociation, getAssociation } from '../associations.js';
import { changeConnectionSettings, viewConnectionSettings } from '../change-connection-settings.js';
import { noSuchTenant } from '../change-status.js';
import { describeConnections } from '../describe-connections.js';
import { TenancyError } from '../tenancy-error.js';
import { type TenantManager, waitUntilSettled } from '../tenant-manager.js';
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
  purgeAfter: Type.Optional(Type.String()),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});
const maxOpenConns = Type.Optional(
  Nullable(Type.Integer({ minimum: 1, maximum: 200, description: 'Connections of each process.' })),
);
const maxIdleConns = Type.Optional(
  Nullable(Type.Integer({ minimum: 0, maximum: 50, description: 'Of these, kept while unused.' })),
);
const settingsBody = Type.Object(
  {
    maxOpenConns,
    maxIdleConns,
    statementTimeout: Type.Optional(Nullable(Text(20, { examples: ['30s'] }))),
    readFrom: Type.Optional(
      Nullable(
        OneOf(['primary', 'replica'], {
          description: '`replica`: reads may be answered by a replica that has everything the primary has.',
        }),
      ),
    ),
  },
  { additionalProperties: false },
);

const associateBody = Type.Object(
  {
    isolationMode: Type.Optional(Type.String({ description: 'That of the tenant: `database` or `schema`.' })),
    maxOpenConns,
    maxIdleConns,
  },
  { additionalProperties: false },
);

const changes = [
  {
    method: 'PUT',
    path: '/suspend',
    action: 'suspend',
    operationId: 'suspendAssociation',
    summary: 'Suspend one service of a tenant',
    description: 'Its requests are refused within 2 s; the books stay.',
  },
  {
    method: 'PUT',
    path: '/reactivate',
    action: 'reactivate',
    operationId: 'reactivateAssociation',
    summary: 'Reactivate one service of a tenant',
    description: 'Of a suspended one; of one that is being purged, until its retention ends, back to suspended.',
  },
  {
    method: 'PUT',
    path: '/purge',
    action: 'purge',
    operationId: 'purgeAssociation',
    summary: 'Drop the books of a suspended service, after the retention',
    description:
      'The tenant, its people and applications stay, and the service can be associated anew, with empty books.',
  },
  {
    method: 'DELETE',
    path: '',
    action: 'disassociate',
    operationId: 'disassociateService',
    summary: 'Take a service from a tenant and keep its books',
    description: 'Associating it again finds the books as they were.',
  },
] as const satisfies readonly { action: AssociationAction; [member: string]: string }[];

export const associationRoutes = (manager: TenantManager): RouteDefinition<OperatorContext>[] => [
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: base,
    operationId: 'getAssociation',
    summary: 'Get a service of a tenant',
    success: { status: 200, description: 'The association', schema: associationSchema },
    async handler({ params }) {
      const { id } = await knownTenant(manager, params);
      return { status: 200, body: await getAssociation(manager.control.pool, id, params['service'] ?? '') };
    },
  }),
  defineRoute<OperatorContext, typeof associateBody>({
    ...common,
    method: 'POST',
    url: base,
    operationId: 'associateService',
    summary: 'Associate a service again',
    description:
      'After `disassociate` with the books it had, after a purge with new ones. The ledger is associated when the tenant is made, so otherwise this answers 409 for it.',
    body: associateBody,
    success: { status: 201, description: 'The association', schema: associationSchema },
    async handler({ params, body: { isolationMode, ...settings }, context: { actor } }) {
      const { id, isolation } = await knownTenant(manager, params);
      const service = params['service'] ?? '';
      // What older clients send for it (tenancy §3.3).
      const wanted = isolationMode === '' || isolationMode === 'isolated' ? 'database' : isolationMode;
      if (wanted !== undefined && wanted !== isolation)
        throw new TenancyError(
          'invalid_request',
          `isolationMode is that of the tenant, ${isolation}; \`cofferdam tenants move\` changes it.`,
        );
      const made = await changeAssociation(manager, id, service, { action: 'associate', actor });
      if (made.status === 'provisioning') await waitUntilSettled(manager, id, 10_000);
      if (Object.keys(settings).length > 0)
        await changeConnectionSettings(manager, id, service, { actor, change: settings });
      return { status: 201, body: await getAssociation(manager.control.pool, id, service) };
    },
  }),
  ...changes.map(({ path, action, ...route }) =>
    defineRoute<OperatorContext>({
      ...common,
      ...route,
      url: `${base}${path}`,
      success: { status: 200, description: 'The association', schema: associationSchema },
      async handler({ params, context }) {
        const { id } = await knownTenant(manager, params);
        const by = { action, actor: context.actor };
        const association = await changeAssociation(manager, id, params['service'] ?? '', by);
        if (association.purgeAfter !== undefined) manager.lookForWork(new Date(association.purgeAfter));
        return { status: 200, body: association };
      },
    }),
  ),
  defineRoute<OperatorContext>({
    ...common,
    // Not for read-only keys: the answer holds a password.
    guard: { operator: 'operate' },
    method: 'GET',
    url: `${base}/connections`,
    operationId: 'getConnections',
    summary: 'Connection settings of a service',
    description: 'Holds the credentials of the run-time login. Never expose this listener through a public gateway.',
    success: { status: 200, description: 'By module; both modules of the ledger are in one database' },
    async handler({ params, context }) {
      const { id } = await knownTenant(manager, params);
      return { status: 200, body: await describeConnections(manager, id, params['service'] ?? '', context.actor) };
    },
  }),
  defineRoute<OperatorContext, typeof settingsBody>({
    ...common,
    method: 'PATCH',
    url: `${base}/connections`,
    operationId: 'updateConnectionSettings',
    summary: 'Change how processes connect to the books of a tenant',
    description:
      'Every process applies it within 2 s; no request fails. null brings the default back: the process’s own number of connections, 30 s, the primary.',
    body: settingsBody,
    requestExample: { maxOpenConns: 10, statementTimeout: '15s' },
    success: { status: 200, description: 'The settings that differ from the defaults' },
    async handler({ params, body, context }) {
      const { id } = await knownTenant(manager, params);
      const request = { actor: context.actor, change: body };
      const placement = await changeConnectionSettings(manager, id, params['service'] ?? '', request);
      return { status: 200, body: { connectionSettings: viewConnectionSettings(placement) } };
    },
  }),
];

async function knownTenant(manager: TenantManager, params: Readonly<Record<string, string>>) {
  const tenant = await findTenant(manager.control.pool, readTenantId(params));
  if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
  return tenant;
}
