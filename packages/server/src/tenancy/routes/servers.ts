import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Nullable, Text } from '../../http/schemas.js';
import { sslmodeOf } from '../../postgres/connection-settings.js';
import { addServer, changeServer, noSuchServer, removeServer } from '../servers/manage-servers.js';
import { findServer, listServers, type ServerRecord } from '../servers/server-record.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';
import { readConnection } from './read-connection.js';
import { readLabels } from './read-labels.js';
import { connectionMembers, labelsSchema, replicasSchema } from './schemas.js';

const common = { guard: { operator: true }, tag: 'Servers', errors: [] } as const;
const one = { ...common, textParams: ['server_id'] } as const;
const strict = { additionalProperties: false } as const;

const serverSchema = Type.Object({
  id: Type.String(),
  host: Type.String(),
  port: Type.Integer(),
  sslmode: Type.String(),
  state: Type.Unsafe<string>({ type: 'string', enum: ['open', 'draining'] }),
  kind: Type.Unsafe<string>({ type: 'string', enum: ['shared', 'given'] }),
  capacity: Type.Optional(Type.Integer()),
  tenants: Type.Integer(),
  labels: Type.Object({}),
  replicas: Type.Array(Type.Object({ host: Type.String(), port: Type.Integer() })),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});
const capacity = Type.Optional(
  Nullable(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Tenants at most; null: no bound.' })),
);
const newServerBody = Type.Object(
  {
    id: Text(63, {
      pattern: '^[a-z][a-z0-9-]{0,62}$',
      'x-message': 'must begin with a lower-case letter, then lower-case letters, digits or dashes',
    }),
    ...connectionMembers,
    capacity,
    labels: Type.Optional(labelsSchema),
    replicas: Type.Optional(replicasSchema),
  },
  strict,
);
const changeBody = Type.Object(
  {
    capacity,
    labels: Type.Optional(labelsSchema),
    replicas: Type.Optional(replicasSchema),
    address: Type.Optional(
      Type.Object(
        { host: Text(255), port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })) },
        { ...strict, description: 'Where its primary is now: a promoted replica, or a copy of the server.' },
      ),
    ),
    password: Type.Optional(Text(1_000, { description: 'New password of the administering login.' })),
  },
  strict,
);

export const serverRoutes = (manager: TenantManager): RouteDefinition<OperatorContext>[] => [
  defineRoute<OperatorContext, typeof newServerBody>({
    ...common,
    method: 'POST',
    url: '/v1/servers',
    operationId: 'addServer',
    summary: 'Add a PostgreSQL server that tenants can be placed on',
    description:
      'Its version, its rights and its identity are probed, then the template and the shared database are made there. The login needs CREATEDB and CREATEROLE; it is kept sealed.',
    body: newServerBody,
    success: { status: 201, description: 'The server', schema: serverSchema },
    async handler({ body, context }) {
      const { id, capacity: most, labels, replicas } = body;
      const server = {
        id,
        settings: readConnection(body, manager.isLocal),
        ...(most === undefined ? {} : { capacity: most }),
        ...(labels === undefined ? {} : { labels: readLabels(labels) }),
        ...(replicas === undefined ? {} : { replicas: replicas.map(withPort) }),
      };
      return { status: 201, body: viewServer(await addServer(manager, server, context.actor)) };
    },
  }),
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: '/v1/servers',
    operationId: 'listServers',
    summary: 'List servers with how many tenants they hold',
    success: { status: 200, description: 'All of them', schema: Type.Object({ items: Type.Array(serverSchema) }) },
    async handler() {
      return { status: 200, body: { items: (await listServers(manager.control.pool)).map(viewServer) } };
    },
  }),
  defineRoute<OperatorContext>({
    ...one,
    method: 'GET',
    url: '/v1/servers/:server_id',
    operationId: 'getServer',
    summary: 'Get a server',
    success: { status: 200, description: 'The server', schema: serverSchema },
    async handler({ params }) {
      const server = await findServer(manager.control.pool, params['server_id'] ?? '');
      if (server === undefined) throw noSuchServer(params['server_id'] ?? '');
      return { status: 200, body: viewServer(server) };
    },
  }),
  defineRoute<OperatorContext, typeof changeBody>({
    ...one,
    method: 'PATCH',
    url: '/v1/servers/:server_id',
    operationId: 'updateServer',
    summary: 'Change capacity, labels, replicas, address or the administering password of a server',
    body: changeBody,
    success: { status: 200, description: 'The server', schema: serverSchema },
    async handler({ params, body, context }) {
      const { capacity: most, labels, replicas, address, password } = body;
      const change = {
        ...(most === undefined ? {} : { capacity: most }),
        ...(labels === undefined ? {} : { labels: readLabels(labels) }),
        ...(replicas === undefined ? {} : { replicas: replicas.map(withPort) }),
        ...(address === undefined ? {} : { address: withPort(address) }),
        ...(password === undefined ? {} : { password }),
      };
      const by = { actor: context.actor, action: 'server.update' };
      return { status: 200, body: viewServer(await changeServer(manager, params['server_id'] ?? '', change, by)) };
    },
  }),
  ...(
    [
      ['drain', 'drainServer', 'draining', 'Place no new tenants on a server; those it has are served on'],
      ['reopen', 'reopenServer', 'open', 'Place tenants on a drained server again'],
    ] as const
  ).map(([verb, operationId, state, summary]) =>
    defineRoute<OperatorContext>({
      ...one,
      method: 'PUT',
      url: `/v1/servers/:server_id/${verb}`,
      operationId,
      summary,
      success: { status: 200, description: `The server, \`${state}\``, schema: serverSchema },
      async handler({ params, context }) {
        const by = { actor: context.actor, action: `server.${verb}` };
        return { status: 200, body: viewServer(await changeServer(manager, params['server_id'] ?? '', { state }, by)) };
      },
    }),
  ),
  defineRoute<OperatorContext>({
    ...one,
    method: 'DELETE',
    url: '/v1/servers/:server_id',
    operationId: 'removeServer',
    summary: 'Forget a server that never held a tenant',
    success: { status: 204, description: 'Forgotten; what was prepared there stays' },
    async handler({ params, context }) {
      await removeServer(manager, params['server_id'] ?? '', context.actor);
      return { status: 204 };
    },
  }),
];

const withPort = ({ host, port = 5432 }: { readonly host: string; readonly port?: number }) => ({ host, port });

function viewServer(server: ServerRecord): Record<string, unknown> {
  const { tls, capacity: most, version: _, ...shown } = server;
  return {
    ...shown,
    sslmode: sslmodeOf(tls),
    ...(most === null ? {} : { capacity: most }),
  };
}
