import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import type { AccessStore } from '../directory/with-directory.js';
import { readRevocations } from '../tokens/read-revocations.js';

/** The feed of revoked access tokens, for our services in other processes (docs/adr/0008-revocation.md). */
export function getRevocationsRoute(store: AccessStore): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'GET',
    url: '/v1/revocations',
    guard: { operator: true },
    operationId: 'getRevocations',
    tag: 'Services',
    summary: 'Access tokens revoked since a position of the feed',
    description: 'For services of this installation, with their key in X-API-Key. Ask again from `position`.',
    query: Type.Object({ since: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })) }),
    success: {
      status: 200,
      description: 'In the order in which they were revoked',
      schema: Type.Object({
        position: Type.Integer(),
        revoked: Type.Array(Type.Object({ jti: Type.String(), expiresAt: Type.Integer() })),
        more: Type.Boolean(),
        restarted: Type.Boolean({ description: 'the feed is younger than `since`: ask again from 0' }),
      }),
      example: { position: 0, revoked: [], more: false, restarted: false },
    },
    errors: [],
    async handler({ query }) {
      const since = query['since'] ?? '0';
      if (!/^\d{1,15}$/.test(since))
        throw new AccessError('invalid_query_parameter', { message: 'since must be a whole number from 0.' });
      const body = await readRevocations(store, Number(since));
      return { status: 200, body, headers: { 'cache-control': 'no-store' } };
    },
  });
}
