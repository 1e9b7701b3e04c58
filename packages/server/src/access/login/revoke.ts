import type { Principal } from '../../http/principal.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';
import { directoryOf } from '../permissions/local-permission-source.js';
import { endSessions } from '../tokens/end-sessions.js';
import { readOpaqueToken } from '../tokens/opaque-token.js';
import { revokeTokens } from '../tokens/revoke-tokens.js';
import { lockRefreshToken } from '../tokens/session-store.js';
import type { AuthenticateClient } from './client-authentication.js';

export interface RevokeOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly authenticateClient: AuthenticateClient;
  /** Undefined: no access token of ours that is still good. */
  readonly readAccessToken: (token: string) => Promise<Principal | undefined>;
  readonly onRevoked: () => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface RevokeRequest {
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
}

/** @throws AccessError bad_client, AUT-0015, AUT-1099 */
export type Revoke = (request: RevokeRequest, address: string) => Promise<void>;

/**
 * RFC 7009: a client gives back a token that was issued to it. A refresh token ends its family with all access tokens; an
 * access token ends alone. What is unknown, of another client or another tenant is passed over in silence.
 */
export function createRevoke(options: RevokeOptions): Revoke {
  const { store, multiTenant, authenticateClient, readAccessToken, onRevoked, now, newId } = options;
  return async ({ token, clientId, clientSecret }, address) => {
    const { tenantId } = await authenticateClient({ clientId, clientSecret }, address);
    const refresh = readOpaqueToken('refresh', token);
    const principal = refresh === undefined ? await readAccessToken(token) : undefined;
    const isOurs = principal?.clientId === clientId && directoryOf(principal, multiTenant) === tenantId;
    if (refresh?.tenantId !== tenantId && !isOurs) return;
    const ended = await withDirectory(store, tenantId, async (tx) => {
      const audit = (actor: string) =>
        insertAuditEvent(tx, newId(), now(), { kind: 'revocation', result: 'ok', actor, address });
      if (principal !== undefined) {
        await audit(principal.subject);
        await revokeTokens(tx, [{ jti: principal.tokenId, expiresAt: new Date(principal.expiresAt * 1_000) }]);
        return true;
      }
      const found = refresh && (await lockRefreshToken(tx, refresh.hash));
      if (found === undefined || found.session.clientId !== clientId) return false;
      await audit(found.session.subject);
      return (await endSessions(tx, [found.session.id], 'revoked', now())) > 0;
    });
    if (ended) await onRevoked();
  };
}
