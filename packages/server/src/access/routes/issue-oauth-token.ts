import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import type { Login, MfaChallenge } from '../login/login.js';
import type { Refresh, RefreshRequest } from '../login/refresh.js';
import type { CodeExchange, ExchangeCode } from '../oidc/exchange-code.js';
import { oauthTokenUrl } from '../render-access-error.js';
import { readLogin } from './login-body.js';
import { clientOf } from './oauth-client.js';
import { noStore, oauthTokenBody } from './token-answer.js';

const spelling = {
  grantType: 'grant_type',
  username: 'username',
  password: 'password',
  clientId: 'client_id',
  clientSecret: 'client_secret',
  deviceToken: 'device_token',
} as const;

/** The token endpoint as RFC 6749 has it: a form, snake_case, the client also by HTTP Basic. Same logins, same rules. */
export function issueOauthTokenRoute(
  login: Login,
  refresh: Refresh,
  exchangeCode: ExchangeCode,
  multiTenant: boolean,
): RouteDefinition<AccessContext> {
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
        refresh_token: Type.Optional(Text(512)),
        device_token: Type.Optional(Text(512)),
        code: Type.Optional(Text(256)),
        redirect_uri: Type.Optional(Text(512)),
        code_verifier: Type.Optional(Text(128)),
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
        refresh_token: Type.Optional(Type.String({ description: 'persons only (RFC 6749 §4.4.3)' })),
        id_token: Type.Optional(Type.String()),
        scope: Type.Optional(Type.String()),
      }),
      example: { access_token: 'eyJhbGciOi…', token_type: 'Bearer', expires_in: 3600 },
    },
    errors: [],
    async handler({ body, headers, context }) {
      const {
        grant_type: grantType,
        username,
        password,
        refresh_token: refreshToken,
        device_token: deviceToken,
      } = body;
      const client = clientOf(body, headers['authorization']);
      if (grantType === 'refresh_token') {
        const tokens = await refresh(readRefresh(body, client), context.address);
        return { status: 200, body: oauthTokenBody(tokens), headers: noStore };
      }
      if (refreshToken !== undefined) throw foreign(grantType, 'refresh_token');
      if (grantType === 'authorization_code') {
        const tokens = await exchangeCode(readExchange(body, client), context.address);
        return { status: 200, body: oauthTokenBody(tokens), headers: noStore };
      }
      if (body.code !== undefined) throw foreign(grantType, 'code');
      const members = { grantType, ...optional({ username, password, deviceToken }), ...client };
      const request = readLogin(members, spelling, { multiTenant, machinesRefresh: false });
      const answer = await login(request, context.address).catch((error: unknown) => {
        const refused = error instanceof AccessError && error.reasonName === 'bad_credentials';
        throw refused && request.grant === 'client_credentials' ? new AccessError('bad_client', error.info) : error;
      });
      if ('authenticated' in answer) throw new Error('a login for an authorization is not answered with tokens');
      return 'accessToken' in answer
        ? { status: 200, body: oauthTokenBody(answer), headers: noStore }
        : { status: 400, body: mfaRequired(answer), headers: noStore };
    },
  });
}

/** RFC 6749 §6. Here the client names itself: the token is bound to it. */
function readRefresh(
  body: { username?: string; password?: string; refresh_token?: string },
  { clientId, clientSecret }: { clientId?: string; clientSecret?: string },
): RefreshRequest {
  const { refresh_token: refreshToken, username, password } = body;
  if (username !== undefined || password !== undefined) throw foreign('refresh_token', 'username and no password');
  if (refreshToken === undefined || clientId === undefined) {
    const missing = [...(refreshToken ? [] : ['refresh_token']), ...(clientId ? [] : ['client_id'])];
    throw new AccessError('grant_lacks_fields', { message: `refresh_token needs ${missing.join(' and ')}.` });
  }
  return { refreshToken, clientId, clientSecret };
}

/** OAuth 2.1 §4.1.3: the redirect URI once more, and the verifier always. */
function readExchange(
  body: { code?: string; redirect_uri?: string; code_verifier?: string; username?: string; password?: string },
  { clientId, clientSecret }: { clientId?: string; clientSecret?: string },
): CodeExchange {
  const { code, redirect_uri: redirectUri, code_verifier: codeVerifier } = body;
  if (body.username !== undefined || body.password !== undefined)
    throw foreign('authorization_code', 'username and no password');
  if (code === undefined || redirectUri === undefined || codeVerifier === undefined || clientId === undefined) {
    const given = { code, redirect_uri: redirectUri, code_verifier: codeVerifier, client_id: clientId };
    const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [name] : []));
    throw new AccessError('grant_lacks_fields', { message: `authorization_code needs ${missing.join(' and ')}.` });
  }
  return { code, redirectUri, codeVerifier, clientId, clientSecret };
}

function foreign(grant: string, names: string): AccessError {
  return new AccessError('unexpected_fields', {
    message: `${grant} takes no ${names}: send one way to log in only.`,
  });
}

/** RFC 6749 has no word for a second step; the token leads to `POST /v1/login/mfa/verify`. */
function mfaRequired({ mfaToken, mfaTypes, preferredType, expiresInSeconds }: MfaChallenge) {
  return {
    error: 'mfa_required',
    error_description: 'A second factor is needed: send mfa_token to /v1/login/mfa/verify.',
    mfa_token: mfaToken,
    mfa_types: mfaTypes,
    preferred_type: preferredType,
    expires_in: expiresInSeconds,
  };
}

function optional<T extends Record<string, string | undefined>>(members: T): { [K in keyof T]?: string } {
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [K in keyof T]?: string };
}
