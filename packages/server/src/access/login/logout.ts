import { canonicalTenantId, parseUuid } from '@cofferdam/core';
import { compactVerify, decodeProtectedHeader, importJWK, type JWTPayload } from 'jose';
import { AccessError } from '../access-errors.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';
import type { KeyRing } from '../keys/key-ring.js';
import { endSessions } from '../tokens/end-sessions.js';
import { lockSession } from '../tokens/session-store.js';
import { idTokenType, tenantOfIdToken } from '../tokens/token-issuer.js';

export interface LogoutOptions {
  readonly store: AccessStore;
  readonly keys: KeyRing;
  readonly issuer: string;
  readonly multiTenant: boolean;
  readonly onRevoked: () => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** @throws AccessError AUT-0009 when the hint is no ID token of ours, AUT-1099 */
export type Logout = (idTokenHint: string, address: string) => Promise<void>;

/**
 * Ends the login that an ID token speaks of: its refresh family and the access tokens that came with it. An expired ID
 * token will do (access-manager §2.3), a session that has ended already is fine; the signature is always checked.
 */
export function createLogout(options: LogoutOptions): Logout {
  const { store, multiTenant, onRevoked, now, newId } = options;
  return async (idTokenHint, address) => {
    const claims = await readIdToken(idTokenHint, options);
    const tenantId = canonicalTenantId(tenantOfIdToken(claims, multiTenant) ?? '');
    const sessionId = typeof claims['sid'] === 'string' ? parseUuid(claims['sid']) : undefined;
    if (tenantId === undefined || sessionId === undefined) throw noIdToken();
    const ended = await withDirectory(store, tenantId, async (tx) => {
      const session = await lockSession(tx, sessionId);
      if (session === undefined || session.endedAt !== undefined || session.subject !== claims.sub) return 0;
      await insertAuditEvent(tx, newId(), now(), { kind: 'logout', result: 'ok', actor: session.subject, address });
      return endSessions(tx, [sessionId], 'logout', now());
    });
    if (ended > 0) await onRevoked();
  };
}

async function readIdToken(token: string, { keys, issuer }: LogoutOptions): Promise<JWTPayload> {
  try {
    // Strict base64url: one token has one spelling.
    if (!token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part))
      throw noIdToken();
    const { kid, alg, typ } = decodeProtectedHeader(token);
    const publicJwk = typeof kid === 'string' ? await keys.findPublicKey(kid) : undefined;
    if (publicJwk === undefined || publicJwk.alg !== alg || typ !== idTokenType) throw noIdToken();
    const { payload } = await compactVerify(token, await importJWK(publicJwk, publicJwk.alg), {
      algorithms: [publicJwk.alg],
    });
    const claims = JSON.parse(new TextDecoder().decode(payload)) as JWTPayload;
    if (claims.iss === issuer) return claims;
  } catch (error) {
    if (error instanceof AccessError) throw error;
  }
  throw noIdToken();
}

function noIdToken(): AccessError {
  return new AccessError('bad_request', {
    message: 'id_token_hint must be an ID token that this issuer gave out; it may have expired.',
  });
}
