import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../../http/route.js';
import { Text } from '../../../http/schemas.js';
import { type AccessContext, callerOf } from '../../access-context.js';
import { AccessError } from '../../access-errors.js';
import { checkPasswordPolicy } from '../../credentials/password-policy.js';
import { resolveGroups, setGroups } from '../../directory/groups.js';
import { keepAnAdministrator } from '../../directory/keep-administrator.js';
import {
  deleteUser,
  getUserAccount,
  insertUser,
  listUsers,
  type UserAccount,
  updateUser,
} from '../../directory/user-accounts.js';
import { withDirectory } from '../../directory/with-directory.js';
import type { Identity } from '../../identity/identity-context.js';
import { endSessionsOfPerson } from '../../tokens/end-sessions.js';
import { listOf, listQuery, noStore, readListPage } from './lists.js';

export const userSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  firstName: Type.String(),
  lastName: Type.String(),
  email: Type.String(),
  username: Type.String(),
  groups: Type.Array(Type.String({ description: 'name of a group' })),
  disabled: Type.Boolean({ description: 'may not log in, and the tokens of then open nothing' }),
});

const name = () => Text(128, { pattern: '^[^\\p{C}]*$', 'x-message': 'must hold no control characters' });
const emailAddress = () =>
  Text(254, {
    pattern: '^[^\\s@\\p{C},;:<>()\\[\\]\\\\"]{1,64}@[\\p{L}\\p{N}.-]+\\.[\\p{L}\\p{N}-]{2,}$',
    'x-message': 'must be an e-mail address',
  });
const groupNames = () => Type.Array(Text(64), { maxItems: 50 });
const common = { tag: 'Users', errors: [] } as const;

export function userRoutes(identity: Identity): RouteDefinition<AccessContext>[] {
  return [createUser(identity), getUsers(identity), getUser(identity), changeUser(identity), removeUser(identity)];
}

function createUser({ change, passwords, newId }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'POST',
    url: '/v1/users',
    guard: { permission: { resource: 'users', action: 'post' } },
    operationId: 'createUser',
    summary: 'Create a user',
    description: 'User name and e-mail are unique in the tenant. `groups` holds names or ids.',
    body: Type.Object(
      {
        email: emailAddress(),
        firstName: name(),
        lastName: name(),
        username: Text(254, { pattern: '^[^\\s\\p{C}]+$', 'x-message': 'must hold no spaces' }),
        password: Text(1_024),
        groups: Type.Optional(groupNames()),
      },
      { additionalProperties: false },
    ),
    requestExample: {
      email: 'ana@bank-a.example',
      firstName: 'Ana',
      lastName: 'Lima',
      username: 'ana',
      password: '…',
      groups: ['midaz-viewer-group'],
    },
    success: { status: 201, description: 'The user', schema: userSchema },
    async handler({ body, context }) {
      checkPasswordPolicy(body.password);
      const passwordHash = await passwords.hash(body.password);
      const { email, firstName, lastName, username, groups = [] } = body;
      const user = await change(context, async (tx, now) => {
        const groupIds = await resolveGroups(tx, groups);
        const id = newId();
        await insertUser(tx, { id, username, email, firstName, lastName, passwordHash }, now);
        await setGroups(tx, id, groupIds);
        return { answer: await getUserAccount(tx, id), event: { kind: 'user', reason: 'created', target: id } };
      });
      return { status: 201, body: viewOf(user), headers: noStore };
    },
  });
}

function getUsers({ store }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'GET',
    url: '/v1/users',
    guard: { permission: { resource: 'users', action: 'get' } },
    operationId: 'listUsers',
    summary: 'The users of the tenant',
    query: Type.Object(listQuery),
    success: { status: 200, description: 'The oldest first', schema: listOf(userSchema) },
    async handler({ query, context }) {
      const { page, ...window } = readListPage(query);
      const { tenantId } = callerOf(context);
      const { items, total } = await withDirectory(store, tenantId, (tx) => listUsers(tx, window));
      return { status: 200, body: { items: items.map(viewOf), page, limit: window.limit, total }, headers: noStore };
    },
  });
}

function getUser({ store }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'GET',
    url: '/v1/users/:id',
    guard: { permission: { resource: 'users', action: 'get' } },
    operationId: 'getUser',
    summary: 'One user',
    success: { status: 200, description: 'The user', schema: userSchema },
    async handler({ params, context }) {
      const { tenantId } = callerOf(context);
      const user = await withDirectory(store, tenantId, (tx) => getUserAccount(tx, params['id'] as string));
      return { status: 200, body: viewOf(user), headers: noStore };
    },
  });
}

function changeUser({ change }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'PATCH',
    url: '/v1/users/:id',
    guard: { permission: { resource: 'users', action: 'patch' } },
    operationId: 'updateUser',
    summary: 'Change a user, their groups, or whether they may log in',
    description:
      'What is left out stays. `groups` replaces all groups. A change takes effect at once here and within 2 s elsewhere; `disabled: true` also ends every login of the user. The last administrator who can log in stays one.',
    body: Type.Object(
      {
        firstName: Type.Optional(name()),
        lastName: Type.Optional(name()),
        email: Type.Optional(emailAddress()),
        groups: Type.Optional(groupNames()),
        disabled: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    requestExample: { groups: ['midaz-editor-group'] },
    success: { status: 200, description: 'The user', schema: userSchema },
    async handler({ params, body, context }) {
      const id = params['id'] as string;
      const { firstName, lastName, email, groups, disabled } = body;
      if (disabled === true) refuseOneself(context, id, 'disable');
      const user = await change(context, async (tx, now) => {
        const changes = {
          ...(firstName !== undefined && { first_name: firstName }),
          ...(lastName !== undefined && { last_name: lastName }),
          // Whoever proved the old address has not proved the new one.
          ...(email !== undefined && { email, email_verified: false }),
          ...(disabled !== undefined && { disabled_at: disabled ? now : null }),
        };
        const apply = async () => {
          await updateUser(tx, id, changes, now);
          if (groups !== undefined) await setGroups(tx, id, await resolveGroups(tx, groups));
        };
        await (groups === undefined && disabled !== true ? apply() : keepAnAdministrator(tx, apply));
        const subject = { kind: 'person', subject: id } as const;
        if (disabled === true) await endSessionsOfPerson(tx, id, 'subject_disabled', now);
        return {
          answer: await getUserAccount(tx, id),
          event: { kind: 'user', reason: reasonOf(groups !== undefined, disabled), target: id },
          changed: subject,
        };
      });
      return { status: 200, body: viewOf(user), headers: noStore };
    },
  });
}

function removeUser({ change }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'DELETE',
    url: '/v1/users/:id',
    guard: { permission: { resource: 'users', action: 'delete' } },
    operationId: 'deleteUser',
    summary: 'Delete a user and end all their logins',
    success: { status: 204, description: 'Gone' },
    async handler({ params, context }) {
      const id = params['id'] as string;
      refuseOneself(context, id, 'delete');
      await change(context, async (tx, now) => {
        const subject = { kind: 'person', subject: id } as const;
        await keepAnAdministrator(tx, () => deleteUser(tx, id));
        await endSessionsOfPerson(tx, id, 'subject_disabled', now);
        return {
          answer: undefined,
          event: { kind: 'user', reason: 'deleted', target: id },
          changed: subject,
        };
      });
      return { status: 204 };
    },
  });
}

function refuseOneself(context: AccessContext, id: string, verb: string): void {
  if (callerOf(context).principal.subject !== id) return;
  throw new AccessError('not_oneself', {
    message: `Nobody can ${verb} themselves: another administrator has to do it.`,
  });
}

function reasonOf(groups: boolean, disabled: boolean | undefined): string {
  if (disabled !== undefined) return disabled ? 'disabled' : 'enabled';
  return groups ? 'groups_changed' : 'changed';
}

function viewOf({ id, firstName, lastName, email, username, groups, disabled }: UserAccount) {
  return { id, firstName, lastName, email, username, groups, disabled };
}
