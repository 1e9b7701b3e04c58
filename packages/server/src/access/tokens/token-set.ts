import type { DirectoryTx } from '../directory/with-directory.js';
import { newOpaqueToken } from './opaque-token.js';
import { insertRefreshToken, insertSession } from './session-store.js';
import type { TokenIssuer, TokenPlan, TokenSession, TokenSubject } from './token-issuer.js';
import { tokenLifetimeSeconds } from './token-issuer.js';

/** What a login or a renewal answers; the routes spell it in their own way. */
export interface TokenSet {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken?: string;
  /** Persons only, as `scope`. */
  readonly idToken?: string;
  readonly scope?: string;
}

/** What an ID token of ours says, in the words of OpenID Connect. */
export const personScope = 'openid profile email';

/** Writes a new family with its first refresh token. The tokens themselves are signed after the commit: `finishTokenSet`. */
export async function openSession(
  tx: DirectoryTx,
  id: string,
  { kind, subject, clientId }: Pick<TokenSubject, 'kind' | 'subject' | 'clientId'>,
  plan: TokenPlan,
): Promise<{ session: TokenSession; refreshToken: string }> {
  const at = plan.issuedAt;
  const refresh = newOpaqueToken('refresh', tx.tenantId);
  await insertSession(tx, { id, kind, subject, clientId, createdAt: at });
  await insertRefreshToken(tx, { hash: refresh.hash, sessionId: id, at, access: plan });
  return { session: { id, startedAt: at }, refreshToken: refresh.text };
}

export async function finishTokenSet(
  issuer: TokenIssuer,
  subject: TokenSubject,
  plan: TokenPlan,
  opened: { readonly session: TokenSession; readonly refreshToken: string } | undefined,
): Promise<TokenSet> {
  const { accessToken, idToken } = await issuer.sign(subject, plan, opened?.session);
  return {
    accessToken,
    expiresInSeconds: tokenLifetimeSeconds,
    ...(opened !== undefined && { refreshToken: opened.refreshToken }),
    ...(idToken !== undefined && { idToken, scope: personScope }),
  };
}
