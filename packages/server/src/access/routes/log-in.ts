import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import type { Login } from '../login/login.js';
import { readLogin } from './login-body.js';
import { loginAnswer, mfaChallengeSchema, tokenSetExample, tokenSetSchema } from './token-answer.js';

const spelling = {
  grantType: 'grantType',
  username: 'username',
  password: 'password',
  clientId: 'clientId',
  clientSecret: 'clientSecret',
  deviceToken: 'deviceToken',
} as const;

/** The documented token endpoint (access-manager §2.1): JSON in camelCase. */
export function logInRoute(login: Login, multiTenant: boolean): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'POST',
    url: '/v1/login/oauth/access_token',
    guard: { public: 'the credentials are in the body' },
    operationId: 'logIn',
    tag: 'Login',
    summary: 'Log in with client credentials or with user name and password',
    description:
      'The tenant is that of the client: `clientId` says it, nothing else does. Whatever is wrong with credentials answers AUT-1002 and takes the same time.',
    bodyLimit: 16 * 1024,
    body: Type.Object(
      {
        grantType: Text(64, { description: 'client_credentials or password' }),
        username: Type.Optional(Text(256)),
        password: Type.Optional(Text(1024)),
        clientId: Type.Optional(Text(256)),
        clientSecret: Type.Optional(Text(1024)),
        deviceToken: Type.Optional(Text(512, { description: 'of a remembered device: no second factor is asked' })),
        scope: Type.Optional(Text(1024, { description: 'accepted and ignored' })),
      },
      { additionalProperties: false },
    ),
    requestExample: { grantType: 'client_credentials', clientId: '0f3a…', clientSecret: 'cfs_…' },
    success: {
      status: 200,
      description:
        'Tokens; or, when the person has a second factor, `{mfaRequired, mfaToken, mfaTypes, preferredType, expiresIn}`',
      schema: Type.Union([tokenSetSchema, mfaChallengeSchema]),
      example: tokenSetExample,
    },
    errors: [],
    async handler({ body, context }) {
      const request = readLogin(body, spelling, { multiTenant, machinesRefresh: true });
      return loginAnswer(await login(request, context.address));
    },
  });
}
