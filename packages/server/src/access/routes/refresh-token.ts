import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import type { Refresh } from '../login/refresh.js';
import { noStore, tokenSetBody, tokenSetExample, tokenSetSchema } from './token-answer.js';

/** A new token set for a refresh token (access-manager §2.2). */
export function refreshTokenRoute(refresh: Refresh): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'POST',
    url: '/v1/login/oauth/refresh_token',
    guard: { public: 'the refresh token is in the body' },
    operationId: 'refreshToken',
    tag: 'Login',
    summary: 'Renew the tokens of a login',
    description:
      'Each refresh token is good once. One that comes a second time ends the whole login, since two must hold it. A client that is named must be the one of the login.',
    bodyLimit: 16 * 1024,
    body: Type.Object(
      {
        refreshToken: Text(512),
        clientId: Type.Optional(Text(256)),
        clientSecret: Type.Optional(Text(1024)),
        scope: Type.Optional(Text(1024, { description: 'accepted and ignored' })),
      },
      { additionalProperties: false },
    ),
    requestExample: { refreshToken: 'cfr_…' },
    success: { status: 200, description: 'New tokens', schema: tokenSetSchema, example: tokenSetExample },
    errors: [],
    async handler({ body, context }) {
      const { refreshToken, clientId, clientSecret } = body;
      const tokens = await refresh({ refreshToken, clientId, clientSecret }, context.address);
      return { status: 200, body: tokenSetBody(tokens), headers: noStore };
    },
  });
}
