import { parseUuid } from '@cofferdam/core';
import { sql } from 'kysely';
import type { DirectoryTx } from '../directory/with-directory.js';
import { endHalfDoneLogins } from './end-half-done-logins.js';
import { revokeAllTokens, revokeTokens } from './revoke-tokens.js';

/** One word for the tenant's administrators. */
export type EndReason = 'logout' | 'reuse' | 'revoked' | 'password_changed' | 'subject_disabled' | 'client_disabled';

/**
 * Ends families of refresh tokens and revokes the access tokens that went out with them and still live. Answers how many
 * ended now. In the caller's transaction, as its last act (`revokeTokens`).
 */
export async function endSessions(
  tx: DirectoryTx,
  ids: readonly string[],
  reason: EndReason,
  now: Date,
): Promise<number> {
  if (ids.length === 0) return 0;
  const { db, tenantId } = tx;
  const ended = await db
    .updateTable('login_session')
    .set({ ended_at: now, end_reason: reason })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', anyOf(ids))
    .where('ended_at', 'is', null)
    .returning('id')
    .execute();
  if (ended.length === 0) return 0;
  const live = await db
    .selectFrom('refresh_token')
    .select(['access_jti', 'access_expires_at'])
    .where('tenant_id', '=', tenantId)
    .where('session_id', '=', anyOf(ended.map(({ id }) => id)))
    .where('access_expires_at', '>', now.toISOString())
    .execute();
  await revokeTokens(
    tx,
    live.map(({ access_jti, access_expires_at }) => ({ jti: access_jti, expiresAt: new Date(access_expires_at) })),
  );
  return ended.length;
}

/** One parameter, however many they are: a statement takes 65 535, and a busy machine has more sessions than that. */
function anyOf(ids: readonly string[]) {
  return sql<string>`any(${ids}::uuid[])`;
}

/**
 * Everything a person holds: on a changed password, a disabled or deleted account. The remembered devices go too, and logins
 * that are half done. As its last act, like `endSessions`.
 */
export async function endSessionsOfPerson(
  tx: DirectoryTx,
  userId: string,
  reason: EndReason,
  now: Date,
): Promise<number> {
  if (parseUuid(userId) !== undefined) await endHalfDoneLogins(tx, userId, now);
  return endSessions(tx, await lockSessionsWhere(tx, { kind: 'person', subject: userId }, now), reason, now);
}

/** Where a client's sessions end, and what made it so. */
export interface EndOfClient {
  readonly reason: EndReason;
  /** Made now. */
  readonly id: string;
  readonly now: Date;
}

/** Everything that a machine holds: on a leaked secret. People who logged in through it stay. As its last act, like `endSessions`. */
export async function endSessionsOfMachine(tx: DirectoryTx, clientId: string, { reason, id, now }: EndOfClient) {
  await endSessions(tx, await lockSessionsWhere(tx, { kind: 'application', subject: clientId }, now), reason, now);
  await revokeAllTokens(tx, ['subject', clientId], id, now);
}

/** Everything that went out through a client, to people too: on a disabled or deleted application. As its last act, like `endSessions`. */
export async function endSessionsOfClient(tx: DirectoryTx, clientId: string, { reason, id, now }: EndOfClient) {
  await endSessions(tx, await lockSessionsWhere(tx, { client_id: clientId }, now), reason, now);
  await revokeAllTokens(tx, ['client', clientId], id, now);
}

async function lockSessionsWhere(
  { db, tenantId }: DirectoryTx,
  columns: { kind: 'person' | 'application'; subject: string } | { client_id: string },
  now: Date,
): Promise<string[]> {
  const rows = await db
    .selectFrom('login_session')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where((where) => where.and(columns))
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now.toISOString())
    .orderBy('id')
    // Locked before it is decided what goes: a renewal under way commits first and its new token goes too.
    .forUpdate()
    .execute();
  return rows.map(({ id }) => id);
}
