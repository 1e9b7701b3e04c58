import type { TenantId } from '@cofferdam/core';
import { type JWTPayload, SignJWT } from 'jose';
import type { KeyRing } from '../keys/key-ring.js';
import { singleTenantId } from '../reserved-tenants.js';

/** Seconds that an access token lives (access-manager §5). */
export const tokenLifetimeSeconds = 3_600;

/** Products that accept our tokens: the claim `aud`. */
export const tokenAudience = 'midaz';

/** Of ID tokens: products take `at+jwt` only. */
export const idTokenType = 'JWT';

export interface TokenIssuerOptions {
  readonly issuer: string;
  /** Claim `env`: a token of staging is refused in production. */
  readonly environmentName: string;
  /** Claims `tenantId` and `tenantSlug` are written in multi-tenant mode only. */
  readonly multiTenant: boolean;
  readonly keys: KeyRing;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Told of every token (housekeeping). */
  readonly onIssued?: (tenantId: TenantId) => void;
}

export interface TokenSubject {
  readonly kind: 'person' | 'application';
  /** User id, or client id. */
  readonly subject: string;
  readonly name: string;
  /** Persons only. */
  readonly displayName?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  /** The client through which the login happened. */
  readonly clientId: string;
  readonly tenant: { readonly id: TenantId; readonly slug: string; readonly ownerOrganization: string };
}

/** What is written down of an access token before it is signed. */
export interface TokenPlan {
  readonly tokenId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** The login that an ID token speaks of. */
export interface TokenSession {
  readonly id: string;
  readonly startedAt: Date;
  /** Of the authorization request that began it: the client finds its own again in the ID token. */
  readonly nonce?: string;
}

export interface SignedTokens {
  readonly accessToken: string;
  /** Persons only. */
  readonly idToken?: string;
}

export interface TokenIssuer {
  /** Ids and times of the next access token. */
  plan(): TokenPlan;
  /** Reads the signing key, so that `sign` needs no database: call it before a transaction is opened. */
  ready(): Promise<void>;
  sign(subject: TokenSubject, plan: TokenPlan, session: TokenSession | undefined): Promise<SignedTokens>;
}

/**
 * Signed access tokens of type `at+jwt` (access-manager §5), and ID tokens of another type for persons. No permissions
 * inside: they are asked for, and may change.
 */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { issuer, environmentName, multiTenant, keys, now, newId } = options;

  async function sign(typ: string, claims: JWTPayload): Promise<string> {
    const { kid, algorithm, key } = await keys.signingKey();
    return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, typ }).sign(key);
  }

  return Object.freeze({
    plan() {
      const seconds = Math.floor(now().getTime() / 1_000);
      return {
        tokenId: newId(),
        issuedAt: new Date(seconds * 1_000),
        expiresAt: new Date((seconds + tokenLifetimeSeconds) * 1_000),
      };
    },
    async ready() {
      await keys.signingKey();
    },
    async sign(who: TokenSubject, { tokenId, issuedAt, expiresAt }: TokenPlan, session: TokenSession | undefined) {
      const { kind, subject, name, displayName, clientId, tenant } = who;
      options.onIssued?.(tenant.id);
      const times = { iat: seconds(issuedAt), exp: seconds(expiresAt) };
      const tenantClaims = multiTenant ? { tenantId: tenant.id, tenantSlug: tenant.slug } : {};
      const accessToken = await sign('at+jwt', {
        iss: issuer,
        aud: [tokenAudience],
        sub: subject,
        jti: tokenId,
        ...times,
        nbf: times.iat,
        type: kind === 'person' ? 'normal-user' : 'application',
        owner: tenant.ownerOrganization,
        name,
        ...(displayName === undefined ? {} : { displayName }),
        ...tenantClaims,
        env: environmentName,
        azp: clientId,
      });
      if (kind !== 'person' || session === undefined) return { accessToken };
      const idToken = await sign(idTokenType, {
        iss: issuer,
        aud: clientId,
        sub: subject,
        ...times,
        auth_time: seconds(session.startedAt),
        sid: session.id,
        ...(session.nonce === undefined ? {} : { nonce: session.nonce }),
        name: displayName ?? name,
        preferred_username: name,
        ...(who.email === undefined ? {} : { email: who.email, email_verified: who.emailVerified ?? false }),
        ...tenantClaims,
        env: environmentName,
        azp: clientId,
      });
      return { accessToken, idToken };
    },
  });
}

function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1_000);
}

/** Where the session of an ID token is kept; undefined when the token is of the installation's other mode. */
export function tenantOfIdToken(claims: JWTPayload, multiTenant: boolean): string | undefined {
  const { tenantId } = claims;
  if (!multiTenant) return tenantId === undefined ? singleTenantId : undefined;
  return typeof tenantId === 'string' ? tenantId : undefined;
}
