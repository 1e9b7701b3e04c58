import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../../http/route.js';
import { Nullable, OneOf, Text } from '../../../http/schemas.js';
import { type AccessContext, callerOf } from '../../access-context.js';
import { AccessError } from '../../access-errors.js';
import { isAddressOrNetwork } from '../../directory/allowed-addresses.js';
import {
  deleteMachineClient,
  getMachineClient,
  insertMachineClient,
  listMachineClients,
  lockMachineClient,
  type MachineClient,
  replaceSecret,
  updateMachineClient,
} from '../../directory/machine-clients.js';
import { withDirectory } from '../../directory/with-directory.js';
import type { Identity } from '../../identity/identity-context.js';
import { applicationRoles } from '../../permissions/roles.js';
import { endSessionsOfClient, endSessionsOfMachine } from '../../tokens/end-sessions.js';
import { noStore } from './lists.js';

const instant = Type.String({ format: 'date-time' });
const applicationMembers = {
  id: Type.String({ format: 'uuid' }),
  name: Type.String({ description: 'the product it is for' }),
  description: Type.String(),
  clientId: Type.String(),
  role: Type.Union([OneOf(applicationRoles), Type.Null()]),
  system: Type.Boolean(),
  disabled: Type.Boolean(),
  allowedAddresses: Type.Array(Type.String()),
  expiresAt: Type.Union([instant, Type.Null()]),
  createdAt: instant,
};
const applicationSchema = Type.Object(applicationMembers);
const withSecret = Type.Object({
  ...applicationMembers,
  clientSecret: Type.String({ description: 'shown this once' }),
});

const description = () => Text(256, { pattern: '^[^\\p{C}]*$', 'x-message': 'must hold no control characters' });
const settings = {
  role: Type.Optional(OneOf(applicationRoles, { description: 'default viewer; what it may do in the ledger' })),
  expiresAt: Type.Optional(Nullable(Text(40, { description: 'RFC 3339, in the future; null: never' }))),
  allowedAddresses: Type.Optional(Type.Array(Text(64), { maxItems: 50 })),
};
const common = { tag: 'Applications', errors: [] } as const;
const overlapSecondsDefault = 86_400;
const overlapSecondsMax = 30 * 86_400;

export function applicationRoutes(identity: Identity): RouteDefinition<AccessContext>[] {
  return [
    createApplication(identity),
    ...readApplications(identity),
    updateApplication(identity),
    deleteApplication(identity),
    rotateSecret(identity),
  ];
}

function createApplication({ change, secrets, now }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'POST',
    url: '/v1/applications',
    guard: { permission: { resource: 'applications', action: 'post' } },
    operationId: 'createApplication',
    summary: 'Create a machine client; its secret is shown this once',
    description: '`name` is the product it is for. `allowedAddresses`: where it may log in from, empty for anywhere.',
    body: Type.Object(
      {
        name: Text(64, {
          pattern: '^(?:midaz|reporter|plugin-[a-z0-9]+(?:-[a-z0-9]+)*)$',
          'x-message': 'must be the name of a product: midaz, reporter, plugin-fees, plugin-crm or another plugin-…',
        }),
        description: Type.Optional(description()),
        ...settings,
      },
      { additionalProperties: false },
    ),
    requestExample: { name: 'midaz', description: 'nightly import', role: 'contributor' },
    success: { status: 201, description: 'The application, with its secret', schema: withSecret },
    async handler({ body, context }) {
      const { id, clientId, clientSecret, secretHmac } = secrets.newApplicationCredentials();
      const { name, description: text = '', role = 'viewer', allowedAddresses = [] } = body;
      const expiresAt = readExpiry(body.expiresAt ?? null, now());
      refuseBadAddresses(allowedAddresses);
      const made = await change(context, async (tx, at) => {
        await insertMachineClient(
          tx,
          { id, clientId, secretHmac, name, description: text, role, expiresAt, allowedAddresses },
          at,
        );
        return {
          answer: await getMachineClient(tx, id),
          event: { kind: 'application', reason: 'created', target: id },
        };
      });
      return { status: 201, body: { ...viewOf(made), clientSecret }, headers: noStore };
    },
  });
}

function readApplications({ store }: Identity): RouteDefinition<AccessContext>[] {
  const guard = { permission: { resource: 'applications', action: 'get' } } as const;
  return [
    defineRoute({
      ...common,
      method: 'GET',
      url: '/v1/applications',
      guard,
      operationId: 'listApplications',
      summary: 'The machine clients of the tenant, without secrets',
      success: { status: 200, description: 'The oldest first', schema: Type.Array(applicationSchema) },
      async handler({ context }) {
        const clients = await withDirectory(store, callerOf(context).tenantId, listMachineClients);
        return { status: 200, body: clients.map(viewOf), headers: noStore };
      },
    }),
    defineRoute({
      ...common,
      method: 'GET',
      url: '/v1/applications/:id',
      guard,
      operationId: 'getApplication',
      summary: 'One machine client, without its secret',
      success: { status: 200, description: 'The application', schema: applicationSchema },
      async handler({ params, context }) {
        const { tenantId } = callerOf(context);
        const client = await withDirectory(store, tenantId, (tx) => getMachineClient(tx, params['id'] as string));
        return { status: 200, body: viewOf(client), headers: noStore };
      },
    }),
  ];
}

function updateApplication({ change, now, newId }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'PATCH',
    url: '/v1/applications/:id',
    guard: { permission: { resource: 'applications', action: 'patch' } },
    operationId: 'updateApplication',
    summary: 'Change a machine client: its role, its end, where it may come from, whether it may log in',
    description: 'What is left out stays. It takes effect at once here and within 2 s elsewhere.',
    body: Type.Object(
      { description: Type.Optional(description()), disabled: Type.Optional(Type.Boolean()), ...settings },
      { additionalProperties: false },
    ),
    requestExample: { role: 'editor' },
    success: { status: 200, description: 'The application', schema: applicationSchema },
    async handler({ params, body, context }) {
      const id = params['id'] as string;
      const { disabled, role, allowedAddresses } = body;
      const expiresAt = body.expiresAt === undefined ? undefined : readExpiry(body.expiresAt, now());
      refuseBadAddresses(allowedAddresses ?? []);
      const changed = await change(context, async (tx, at) => {
        const { clientId } = await lockMachineClient(tx, id);
        await updateMachineClient(
          tx,
          id,
          {
            ...(body.description !== undefined && { description: body.description }),
            ...(role !== undefined && { role }),
            ...(allowedAddresses !== undefined && { allowed_addresses: [...allowedAddresses] }),
            ...(expiresAt !== undefined && { expires_at: expiresAt }),
            ...(disabled !== undefined && { disabled_at: disabled ? at : null }),
          },
          at,
        );
        const subject = { kind: 'application', subject: clientId } as const;
        if (disabled === true)
          await endSessionsOfClient(tx, clientId, { reason: 'client_disabled', id: newId(), now: at });
        const reason = disabled === undefined ? (role ? 'role_changed' : 'changed') : disabled ? 'disabled' : 'enabled';
        return {
          answer: await getMachineClient(tx, id),
          event: { kind: 'application', reason, target: id },
          changed: subject,
        };
      });
      return { status: 200, body: viewOf(changed), headers: noStore };
    },
  });
}

function deleteApplication({ change, newId }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'DELETE',
    url: '/v1/applications/:id',
    guard: { permission: { resource: 'applications', action: 'delete' } },
    operationId: 'deleteApplication',
    summary: 'Delete a machine client, at once',
    success: { status: 204, description: 'Gone' },
    async handler({ params, context }) {
      const id = params['id'] as string;
      await change(context, async (tx, at) => {
        const { clientId } = await lockMachineClient(tx, id);
        await deleteMachineClient(tx, id);
        const subject = { kind: 'application', subject: clientId } as const;
        await endSessionsOfClient(tx, clientId, { reason: 'client_disabled', id: newId(), now: at });
        return { answer: undefined, event: { kind: 'application', reason: 'deleted', target: id }, changed: subject };
      });
      return { status: 204 };
    },
  });
}

function rotateSecret({ change, secrets, newId }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'POST',
    url: '/v1/applications/:id/rotate-secret',
    guard: { permission: { resource: 'applications', action: 'post' } },
    operationId: 'rotateApplicationSecret',
    summary: 'A new secret, shown this once; the old one stays good for the overlap',
    description: `\`overlapSeconds\`: default ${overlapSecondsDefault}, at most ${overlapSecondsMax}; 0 for a secret that has leaked, which also ends the logins made with it and revokes its tokens.`,
    body: Type.Object(
      { overlapSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: overlapSecondsMax })) },
      { additionalProperties: false },
    ),
    requestExample: { overlapSeconds: 3_600 },
    success: {
      status: 200,
      description: 'The application, with its new secret',
      schema: Type.Object({
        ...withSecret.properties,
        previousSecretUntil: Type.Union([instant, Type.Null()]),
      }),
    },
    async handler({ params, body, context }) {
      const id = params['id'] as string;
      const { overlapSeconds = overlapSecondsDefault } = body;
      const { clientSecret, secretHmac } = secrets.newSecret();
      const rotated = await change(context, async (tx, at) => {
        const { clientId } = await lockMachineClient(tx, id);
        const until = overlapSeconds === 0 ? undefined : new Date(at.getTime() + overlapSeconds * 1_000);
        await replaceSecret(tx, id, secretHmac, until, at);
        const subject = { kind: 'application', subject: clientId } as const;
        if (until === undefined) await endSessionsOfMachine(tx, clientId, { reason: 'revoked', id: newId(), now: at });
        return {
          answer: await getMachineClient(tx, id),
          event: { kind: 'application', reason: 'secret_rotated', target: id },
          changed: subject,
        };
      });
      const { previousSecretUntil } = rotated;
      return { status: 200, body: { ...viewOf(rotated), clientSecret, previousSecretUntil }, headers: noStore };
    },
  });
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

function readExpiry(text: string | null, now: Date): Date | null {
  if (text === null || text === '') return null;
  const at = rfc3339.test(text) ? new Date(text) : new Date(Number.NaN);
  if (at > now) return at;
  throw new AccessError('bad_request', {
    message: 'expiresAt must be an RFC 3339 date and time in the future, e.g. 2030-01-31T12:00:00Z, or null.',
  });
}

function refuseBadAddresses(addresses: readonly string[]): void {
  const wrong = addresses.findIndex((entry) => !isAddressOrNetwork(entry));
  if (wrong < 0) return;
  throw new AccessError('bad_request', {
    message: `allowedAddresses[${wrong}] must be an IP address or a network such as 10.0.0.0/8.`,
  });
}

function viewOf(client: MachineClient) {
  const { id, name, description: text, clientId, role, isSystem, disabledAt, expiresAt, createdAt } = client;
  return {
    id,
    name,
    description: text,
    clientId,
    role,
    system: isSystem,
    disabled: disabledAt !== null,
    allowedAddresses: client.allowedAddresses,
    expiresAt,
    createdAt,
  };
}
