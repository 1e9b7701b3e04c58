import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import { readChanges } from '../directory/directory-changes.js';
import type { AccessStore } from '../directory/with-directory.js';

/** The feed of changed users and applications, for our services in other processes (docs/adr/0009-directory-changes.md). */
export function getDirectoryChangesRoute(store: AccessStore): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'GET',
    url: '/v1/directory-changes',
    guard: { operator: true },
    operationId: 'getDirectoryChanges',
    tag: 'Services',
    summary: 'Users and applications that may do something else since a position of the feed',
    description:
      'For services of this installation, with their key in X-API-Key. Without `since` only where the feed stands; then ask again from `position`. Changes are kept for an hour, permissions are remembered for a minute.',
    query: Type.Object({ since: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })) }),
    success: {
      status: 200,
      description: 'In the order in which they were committed',
      schema: Type.Object({
        position: Type.Integer(),
        changes: Type.Array(Type.Object({ tenantId: Type.String(), kind: Type.String(), subject: Type.String() })),
        more: Type.Boolean(),
        restarted: Type.Boolean({ description: 'the feed is younger than `since`: forget everything' }),
      }),
      example: { position: 0, changes: [], more: false, restarted: false },
    },
    errors: [],
    async handler({ query }) {
      const since = query['since'] || undefined;
      if (since !== undefined && !/^\d{1,15}$/.test(since))
        throw new AccessError('invalid_query_parameter', { message: 'since must be a whole number from 0.' });
      const body = await readChanges(store, since === undefined ? undefined : Number(since));
      return { status: 200, body, headers: { 'cache-control': 'no-store' } };
    },
  });
}
