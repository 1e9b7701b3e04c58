import { sql } from 'kysely';
import { revocationOfAll } from '../../http/revocation-list.js';
import type { DirectoryTx } from '../directory/with-directory.js';
import { tokenLifetimeSeconds } from './token-issuer.js';

export interface RevokedToken {
  readonly jti: string;
  /** Of the token. Nobody accepts it afterwards, so the entry may go. */
  readonly expiresAt: Date;
}

/**
 * Puts access tokens on the revocation list (twice is once). The counter row stays locked until the end of the
 * transaction: call this last.
 */
export async function revokeTokens({ db, tenantId }: DirectoryTx, tokens: readonly RevokedToken[]): Promise<void> {
  if (tokens.length === 0) return;
  const { position } = await db
    .updateTable('revocation_feed')
    .set(({ eb }) => ({ position: eb('position', '+', tokens.length) }))
    .where('only_row', '=', true)
    .returning('position')
    .executeTakeFirstOrThrow();
  const jtis = tokens.map(({ jti }) => jti);
  const ends = tokens.map(({ expiresAt }) => expiresAt.toISOString());
  // As arrays: there may be more of them than a statement takes parameters.
  await sql`
    insert into revoked_token (tenant_id, jti, expires_at, position)
    select ${tenantId}, jti, expires_at, ${position - tokens.length} + number
      from unnest(${jtis}::text[], ${ends}::timestamptz[]) with ordinality as token (jti, expires_at, number)
    on conflict do nothing`.execute(db);
}

/**
 * Puts every access token on the list that went out through a client, or to a subject, until now: also those without a refresh
 * token, of which nothing is kept. `id`: made now. As its last act, like `revokeTokens`.
 */
export async function revokeAllTokens(
  tx: DirectoryTx,
  [of, name]: readonly ['client' | 'subject', string],
  id: string,
  now: Date,
): Promise<void> {
  const expiresAt = new Date(now.getTime() + tokenLifetimeSeconds * 1_000);
  await revokeTokens(tx, [{ jti: revocationOfAll(of, name, id), expiresAt }]);
}
