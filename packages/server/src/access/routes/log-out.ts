import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import type { Logout } from '../login/logout.js';

/** Ends a login (access-manager §2.3). */
export function logOutRoute(logout: Logout): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'POST',
    url: '/v1/logout',
    guard: { public: 'the ID token in the form says which login ends' },
    operationId: 'logOut',
    tag: 'Login',
    summary: 'End a login: its refresh tokens and its living access tokens',
    description: 'The ID token must be ours and may have expired. A login that has ended already is no error.',
    bodyType: 'form',
    bodyLimit: 16 * 1024,
    body: Type.Object({ id_token_hint: Text(8_192) }, { additionalProperties: false }),
    success: { status: 204, description: 'Ended' },
    errors: [],
    async handler({ body, context }) {
      await logout(body.id_token_hint, context.address);
      return { status: 204, headers: { 'cache-control': 'no-store' } };
    },
  });
}
