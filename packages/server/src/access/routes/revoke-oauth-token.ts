import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import type { Revoke } from '../login/revoke.js';
import { oauthRevocationUrl } from '../render-access-error.js';
import { clientOf } from './oauth-client.js';

/** RFC 7009: a client gives a token back. */
export function revokeOauthTokenRoute(revoke: Revoke): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'POST',
    url: oauthRevocationUrl,
    guard: { public: 'the client authenticates in the body or by HTTP Basic' },
    operationId: 'revokeOauthToken',
    tag: 'Login',
    summary: 'Give a token back (RFC 7009)',
    description:
      'A refresh token ends its login with all access tokens; an access token ends alone. What is unknown, or of another client, answers 200 as well.',
    bodyType: 'form',
    bodyLimit: 16 * 1024,
    body: Type.Object(
      {
        token: Text(8_192),
        token_type_hint: Type.Optional(Text(64, { description: 'accepted and ignored' })),
        client_id: Type.Optional(Text(256)),
        client_secret: Type.Optional(Text(1024)),
      },
      { additionalProperties: false },
    ),
    success: { status: 200, description: 'Given back, or nothing to give back' },
    errors: [],
    async handler({ body, headers, context }) {
      const { clientId, clientSecret } = clientOf(body, headers['authorization']);
      if (clientId === undefined) throw new AccessError('bad_request', { message: 'client_id is missing.' });
      await revoke({ token: body.token, clientId, clientSecret }, context.address);
      return { status: 200, headers: { 'cache-control': 'no-store' } };
    },
  });
}
