import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { type AccessContext, callerOf } from '../access-context.js';
import { listPermissions } from '../permissions/decide.js';

/** What the caller may do (access-manager §2.5). Products that run alone ask this, and remember it for a minute at most. */
export function getPermissionsRoute(): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'GET',
    url: '/v1/permissions',
    guard: { authenticated: 'tells the caller about themselves' },
    operationId: 'getPermissions',
    tag: 'Permissions',
    summary: 'What the caller may do: resource to actions',
    success: {
      status: 200,
      description: 'Resource to actions',
      schema: Type.Record(Type.String(), Type.Array(Type.String())),
      example: { accounts: ['get', 'head'], ledgers: ['get', 'head'] },
    },
    errors: [],
    async handler({ context }) {
      return { status: 200, body: listPermissions(callerOf(context).roles) };
    },
  });
}
