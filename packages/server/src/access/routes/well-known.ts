import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import type { AccessContext } from '../access-context.js';
import type { TokenAlgorithm } from '../directory/tables.js';
import type { KeyRing } from '../keys/key-ring.js';
import { authorizationUrl } from '../oidc/mount-authorization.js';
import { oauthRevocationUrl, oauthTokenUrl } from '../render-access-error.js';
import { personScope } from '../tokens/token-set.js';

const reason = 'verifiers must read it before they can verify anything';
// Well below the 10 minutes that verifiers keep keys, so that a rotated one is known in time.
const headers = { 'cache-control': 'public, max-age=300' };

export function getJwksRoute(keys: KeyRing): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'GET',
    url: '/.well-known/jwks.json',
    guard: { public: reason },
    operationId: 'getJwks',
    tag: 'Discovery',
    summary: 'The public keys that tokens are verified with (RFC 7517)',
    success: {
      status: 200,
      description: 'A JWK set',
      schema: Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }),
    },
    errors: [],
    async handler() {
      return { status: 200, headers, body: { keys: await keys.publicKeys() } };
    },
  });
}

/** Says only what is true today. */
export function getOpenidConfigurationRoute(issuer: string, algorithm: TokenAlgorithm): RouteDefinition<AccessContext> {
  const base = issuer.replace(/\/+$/, '');
  const body = {
    issuer,
    jwks_uri: `${base}/.well-known/jwks.json`,
    authorization_endpoint: `${base}${authorizationUrl}`,
    token_endpoint: `${base}${oauthTokenUrl}`,
    revocation_endpoint: `${base}${oauthRevocationUrl}`,
    introspection_endpoint: `${base}/v1/introspect`,
    userinfo_endpoint: `${base}/v1/userinfo`,
    grant_types_supported: ['authorization_code', 'client_credentials', 'password', 'refresh_token'],
    scopes_supported: personScope.split(' '),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    // Absent, it would mean yes.
    request_uri_parameter_supported: false,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    id_token_signing_alg_values_supported: [algorithm],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    // Absent, it would mean HTTP Basic alone.
    revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    subject_types_supported: ['public'],
    claims_supported: [
      ...['iss', 'aud', 'sub', 'iat', 'nbf', 'exp', 'jti', 'azp', 'sid', 'nonce'],
      ...['preferred_username', 'email', 'email_verified'],
      ...['type', 'owner', 'name', 'displayName', 'tenantId', 'tenantSlug', 'env'],
    ],
  };
  return defineRoute({
    method: 'GET',
    url: '/.well-known/openid-configuration',
    guard: { public: reason },
    operationId: 'getOpenidConfiguration',
    tag: 'Discovery',
    summary: 'What this issuer offers (RFC 8414)',
    success: {
      status: 200,
      description: 'Metadata of the issuer',
      schema: Type.Object({ issuer: Type.String(), jwks_uri: Type.String(), token_endpoint: Type.String() }),
    },
    errors: [],
    async handler() {
      return { status: 200, headers, body };
    },
  });
}
