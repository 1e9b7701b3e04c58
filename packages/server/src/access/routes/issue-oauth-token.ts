import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import type { Login } from '../login/login.js';
import { oauthTokenUrl } from '../render-access-error.js';
import { readBasicCredentials } from './basic-credentials.js';
import { readLogin } from './login-body.js';

const spelling = {
  grantType: 'grant_type',
  username: 'username',
  password: 'password',
  clientId: 'client_id',
  clientSecret: 'client_secret',
} as const;

/** The token endpoint as RFC 6749 has it: a form, snake_case, the client also by HTTP Basic. Same logins, same rules. */
export function issueOauthTokenRoute(login: Login, multiTenant: boolean): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'POST',
    url: oauthTokenUrl,
    guard: { public: 'the credentials are in the body or in HTTP Basic' },
    operationId: 'issueOauthToken',
    tag: 'Login',
    summary: 'OAuth 2 token endpoint (RFC 6749)',
    bodyType: 'form',
    bodyLimit: 16 * 1024,
    body: Type.Object(
      {
        grant_type: Text(64),
        username: Type.Optional(Text(256)),
        password: Type.Optional(Text(1024)),
        client_id: Type.Optional(Text(256)),
        client_secret: Type.Optional(Text(1024)),
        scope: Type.Optional(Text(1024, { description: 'accepted and ignored' })),
      },
      { additionalProperties: false },
    ),
    success: {
      status: 200,
      description: 'An access token',
      schema: Type.Object({
        access_token: Type.String(),
        token_type: Type.Literal('Bearer'),
        expires_in: Type.Integer({ description: 'seconds' }),
      }),
      example: { access_token: 'eyJhbGciOi…', token_type: 'Bearer', expires_in: 3600 },
    },
    errors: [],
    async handler({ body, headers, context }) {
      const { grant_type: grantType, username, password } = body;
      const client = clientOf(body, headers['authorization']);
      const request = readLogin({ grantType, ...optional({ username, password }), ...client }, spelling, multiTenant);
      const { accessToken, expiresInSeconds } = await login(request, context.address).catch((error: unknown) => {
        const refused = error instanceof AccessError && error.reasonName === 'bad_credentials';
        throw refused && request.grant === 'client_credentials' ? new AccessError('bad_client', error.info) : error;
      });
      return {
        status: 200,
        body: { access_token: accessToken, token_type: 'Bearer', expires_in: expiresInSeconds },
        headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
      };
    },
  });
}

/** RFC 6749 §2.3: one way to authenticate per request. */
function clientOf(body: { client_id?: string; client_secret?: string }, authorization: string | string[] | undefined) {
  const { client_id: clientId, client_secret: clientSecret } = body;
  if (authorization === undefined) return optional({ clientId, clientSecret });
  const basic = readBasicCredentials(String(authorization));
  if (basic === undefined)
    throw new AccessError('bad_request', { message: 'The Authorization header must be HTTP Basic here, or absent.' });
  if (clientSecret !== undefined || (clientId !== undefined && clientId !== basic.clientId))
    throw new AccessError('bad_request', { message: 'Send the client in the form or in the header, not in both.' });
  return basic;
}

function optional<T extends Record<string, string | undefined>>(members: T): { [K in keyof T]?: string } {
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [K in keyof T]?: string };
}
