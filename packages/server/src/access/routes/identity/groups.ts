import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../../http/route.js';
import { type AccessContext, callerOf } from '../../access-context.js';
import { AccessError } from '../../access-errors.js';
import { findGroup, type GroupRecord, listGroups } from '../../directory/groups.js';
import { withDirectory } from '../../directory/with-directory.js';
import type { Identity } from '../../identity/identity-context.js';
import { roleContents } from '../../permissions/roles.js';
import { listOf, listQuery, noStore, readListPage } from './lists.js';

const groupSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  name: Type.String(),
  createdAt: Type.String({ format: 'date-time' }),
  users: Type.Array(Type.String({ description: 'user name' })),
});
const permissionSchema = Type.Object({
  product: Type.String(),
  resource: Type.String(),
  actions: Type.Array(Type.String()),
});
const common = {
  tag: 'Groups',
  errors: [],
  guard: { permission: { resource: 'groups', action: 'get' } },
} as const;

/** Groups are made with the tenant and read-only. */
export function groupRoutes({ store }: Identity): RouteDefinition<AccessContext>[] {
  return [
    defineRoute({
      ...common,
      method: 'GET',
      url: '/v1/groups',
      operationId: 'listGroups',
      summary: 'The predefined groups with their members',
      query: Type.Object(listQuery),
      success: { status: 200, description: 'By name', schema: listOf(groupSchema) },
      async handler({ query, context }) {
        const { page, ...window } = readListPage(query);
        const { tenantId } = callerOf(context);
        const { items, total } = await withDirectory(store, tenantId, (tx) => listGroups(tx, window));
        return { status: 200, body: { items: items.map(viewOf), page, limit: window.limit, total }, headers: noStore };
      },
    }),
    defineRoute({
      ...common,
      method: 'GET',
      url: '/v1/groups/:id',
      operationId: 'getGroup',
      summary: 'One group, with what it reaches',
      success: {
        status: 200,
        description: 'The group',
        schema: Type.Object({ ...groupSchema.properties, permissions: Type.Array(permissionSchema) }),
      },
      async handler({ params, context }) {
        const { tenantId } = callerOf(context);
        const group = await withDirectory(store, tenantId, (tx) => findGroup(tx, params['id'] as string));
        if (group === undefined)
          throw new AccessError('group_not_found', { message: 'There is no group with this id.' });
        return { status: 200, body: { ...viewOf(group), permissions: permissionsOf(group) }, headers: noStore };
      },
    }),
  ];
}

function viewOf({ id, name, createdAt, users }: GroupRecord) {
  return { id, name, createdAt, users };
}

function permissionsOf({ roles }: GroupRecord) {
  return roles.flatMap((role) => {
    const { product, resources, actions } = roleContents[role];
    return resources.map((resource) => ({ product, resource, actions }));
  });
}
