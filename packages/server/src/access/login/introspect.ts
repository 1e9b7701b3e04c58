import type { TenantId } from '@cofferdam/core';
import type { Principal } from '../../http/principal.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';
import { directoryOf } from '../permissions/local-permission-source.js';
import { isOfMode } from '../reserved-tenants.js';
import { readOpaqueToken } from '../tokens/opaque-token.js';
import { lockRefreshToken } from '../tokens/session-store.js';
import { statusOf, type TenantStatusPort } from './tenant-status.js';
import { findTokenSubject } from './token-subject.js';

export interface IntrospectOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  /** Undefined: no access token of ours that is still good, revoked ones included. */
  readonly readAccessToken: (token: string) => Promise<Principal | undefined>;
  readonly now: () => Date;
}

/** RFC 7662 §2.2; of a token that is not good nothing but that. */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly token_type: 'Bearer' | 'refresh_token';
      readonly sub: string;
      readonly client_id: string;
      readonly type: 'normal-user' | 'application';
      readonly exp: number;
      readonly jti?: string;
      readonly iss?: string;
      readonly tenantId?: string;
    };

export type Introspect = (token: string) => Promise<Introspection>;

/** Whether a token would be good now: its subject, client and tenant are read anew. */
export function createIntrospect(options: IntrospectOptions): Introspect {
  const { store, multiTenant, tenantStatus, readAccessToken, now } = options;
  const typeOf = (kind: 'person' | 'application') => (kind === 'person' ? 'normal-user' : 'application');
  const tenantClaim = (tenantId: TenantId) => (multiTenant ? { tenantId } : {});
  const isActive = async (tenantId: TenantId) => !multiTenant || (await statusOf(tenantStatus, tenantId)) === 'active';

  async function ofAccessToken(token: string): Promise<Introspection> {
    const principal = await readAccessToken(token);
    const tenantId = principal && directoryOf(principal, multiTenant);
    if (principal === undefined || tenantId === undefined || !(await isActive(tenantId))) return { active: false };
    const verdict = await withDirectory(store, tenantId, (tx) => findTokenSubject(tx, principal, now()));
    if ('problem' in verdict) return { active: false };
    const { subject, clientId, kind, expiresAt, tokenId, issuer } = principal;
    return {
      active: true,
      token_type: 'Bearer',
      sub: subject,
      client_id: clientId,
      type: typeOf(kind),
      exp: expiresAt,
      jti: tokenId,
      iss: issuer,
      ...tenantClaim(tenantId),
    };
  }

  return async (token) => {
    const refresh = readOpaqueToken('refresh', token);
    if (refresh === undefined) return ofAccessToken(token);
    const { tenantId, hash } = refresh;
    if (!isOfMode(tenantId, multiTenant) || !(await isActive(tenantId))) return { active: false };
    return withDirectory(store, tenantId, async (tx): Promise<Introspection> => {
      const found = await lockRefreshToken(tx, hash);
      if (found === undefined || found.used || found.session.endedAt !== undefined || found.expiresAt <= now())
        return { active: false };
      const { session, expiresAt } = found;
      if ('problem' in (await findTokenSubject(tx, session, now()))) return { active: false };
      return {
        active: true,
        token_type: 'refresh_token',
        sub: session.subject,
        client_id: session.clientId,
        type: typeOf(session.kind),
        exp: Math.floor(expiresAt.getTime() / 1_000),
        ...tenantClaim(tenantId),
      };
    });
  };
}
