import { createHash } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import type { KeySource } from './jwks.js';
import { type ExternalRole, externalRoles, type Principal } from './principal.js';
import {
  type Claims,
  readText,
  TokenRefused,
  type TokenRules,
  type VerifiedToken,
  verifySigned,
} from './verify-token.js';

/** An OpenID Connect issuer that the operator trusts for some tenants (docs/access-manager.md, "Other identity providers"). */
export interface ExternalIssuer {
  /** Must equal `iss`, letter by letter. */
  readonly issuer: string;
  /** Its own: never shared with another issuer. */
  readonly keys: KeySource;
  /** Must be in `aud`. Of its own for this ledger, not a client's id: ID tokens carry those. */
  readonly audience: string;
  /** Values of the header `typ` that mean an access token here. */
  readonly tokenTypes: readonly string[];
  /** Path of the claim; undefined: it speaks for its one tenant. */
  readonly tenantClaim: readonly string[] | undefined;
  /** What the claim may say, and whom it means. Empty in single-tenant mode. Anything else is refused. */
  readonly tenants: ReadonlyMap<string, TenantId>;
  readonly rolesClaim: readonly string[];
  /** What the issuer's roles mean here; others mean nothing. */
  readonly roles: ReadonlyMap<string, ExternalRole>;
}

/** Longer-lived tokens could not be withdrawn in time: revocation is the issuer's, we only see the end. */
const lifetimeSecondsMax = 86_400;

/**
 * Verifies a token of an external issuer, the signature first, by that issuer's keys alone. Its tenant is one of those that
 * the operator has bound to the issuer.
 * @throws TokenRefused, KeysUnavailable
 */
export async function verifyExternalToken(
  token: string,
  external: ExternalIssuer,
  { multiTenant, now }: Pick<TokenRules, 'multiTenant' | 'now'>,
): Promise<VerifiedToken> {
  const { issuer, keys, tokenTypes: types } = external;
  const { claims, key, expiresAt, notBefore, issuedAt } = await verifySigned(token, { keys, now, types });
  if (claims['iss'] !== issuer) throw new TokenRefused('of another issuer');
  const { aud } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((name) => typeof name === 'string') || !audiences.includes(external.audience)) {
    throw new TokenRefused('for another audience');
  }
  if (expiresAt - issuedAt > lifetimeSecondsMax) throw new TokenRefused('good for more than a day');
  const principal: Principal = Object.freeze({
    subject: readText(claims, 'sub'),
    kind: 'person',
    tenantId: multiTenant ? readTenant(claims, external) : undefined,
    clientId: firstText(claims, ['azp', 'client_id', 'appid']) ?? 'external',
    tokenId: firstText(claims, ['jti', 'uti']) ?? createHash('sha256').update(token).digest('base64url'),
    issuer,
    expiresAt,
    externalRole: readRole(claims, external),
  });
  return { principal, key, notBefore };
}

function readTenant(claims: Claims, { tenantClaim, tenants }: ExternalIssuer): TenantId {
  if (tenantClaim === undefined) {
    const [only, ...others] = new Set(tenants.values());
    if (only === undefined || others.length > 0) throw new TokenRefused('no claim says which tenant', 'MISSING_TENANT');
    return only;
  }
  const value = follow(claims, tenantClaim);
  if (value === undefined || value === '') throw new TokenRefused('no tenant in the claim', 'MISSING_TENANT');
  // A list, a number, an object: what means one tenant to one reader means another to the next.
  if (typeof value !== 'string') throw new TokenRefused('the tenant is no text', 'INVALID_TENANT');
  const tenantId = tenants.get(value) ?? tenants.get(canonicalTenantId(value) ?? '');
  if (tenantId === undefined) throw new TokenRefused('the issuer may not speak for this tenant', 'INVALID_TENANT');
  return tenantId;
}

/** The most that any of the roles means; groups and scopes in one text are separated by spaces (RFC 8693 §4.2). */
function readRole(claims: Claims, { rolesClaim, roles }: ExternalIssuer): ExternalRole | 'none' {
  const value = follow(claims, rolesClaim);
  const names = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  const found = new Set(names.map((name) => (typeof name === 'string' ? roles.get(name) : undefined)));
  return externalRoles.findLast((role) => found.has(role)) ?? 'none';
}

function follow(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return;
    value = (value as Claims)[name];
  }
  return value;
}

function firstText(claims: Claims, names: readonly string[]): string | undefined {
  const name = names.find((candidate) => Object.hasOwn(claims, candidate));
  return name === undefined ? undefined : readText(claims, name);
}
