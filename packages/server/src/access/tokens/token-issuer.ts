import type { TenantId } from '@cofferdam/core';
import { SignJWT } from 'jose';
import type { KeyRing } from '../keys/key-ring.js';

/** Seconds that an access token lives (access-manager §5). */
export const tokenLifetimeSeconds = 3_600;

/** Products that accept our tokens: the claim `aud`. */
export const tokenAudience = 'midaz';

export interface TokenIssuerOptions {
  readonly issuer: string;
  /** Claim `env`: a token of staging is refused in production. */
  readonly environmentName: string;
  /** Claims `tenantId` and `tenantSlug` are written in multi-tenant mode only. */
  readonly multiTenant: boolean;
  readonly keys: KeyRing;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface TokenSubject {
  readonly kind: 'person' | 'application';
  /** User id, or client id. */
  readonly subject: string;
  readonly name: string;
  /** Persons only. */
  readonly displayName?: string;
  /** The client through which the login happened. */
  readonly clientId: string;
  readonly tenant: { readonly id: TenantId; readonly slug: string; readonly ownerOrganization: string };
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

export interface TokenIssuer {
  issue(subject: TokenSubject): Promise<IssuedToken>;
}

/** Signed access tokens of type `at+jwt` (access-manager §5). No permissions inside: they are asked for, and may change. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { issuer, environmentName, multiTenant, keys, now, newId } = options;
  return Object.freeze({
    async issue({ kind, subject, name, displayName, clientId, tenant }: TokenSubject) {
      const { kid, algorithm, key } = await keys.signingKey();
      const issuedAt = Math.floor(now().getTime() / 1_000);
      const accessToken = await new SignJWT({
        type: kind === 'person' ? 'normal-user' : 'application',
        owner: tenant.ownerOrganization,
        name,
        ...(displayName === undefined ? {} : { displayName }),
        ...(multiTenant ? { tenantId: tenant.id, tenantSlug: tenant.slug } : {}),
        env: environmentName,
        azp: clientId,
      })
        .setProtectedHeader({ alg: algorithm, kid, typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience([tokenAudience])
        .setSubject(subject)
        .setJti(newId())
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(issuedAt + tokenLifetimeSeconds)
        .sign(key);
      return { accessToken, expiresInSeconds: tokenLifetimeSeconds };
    },
  });
}
