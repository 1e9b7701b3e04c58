import { parseUuid } from '@cofferdam/core';
import type { Subject } from '../directory/subject-roles.js';
import type { DirectoryTx } from '../directory/with-directory.js';
import { forgetDevices } from '../mfa/remembered-devices.js';
import { revokeTokens } from './revoke-tokens.js';

/** One word for the tenant's administrators. */
export type EndReason =
  | 'logout'
  | 'reuse'
  | 'revoked'
  | 'password_changed'
  | 'subject_disabled'
  | 'client_disabled'
  | 'mfa_changed';

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
    .where('id', 'in', [...ids])
    .where('ended_at', 'is', null)
    .returning('id')
    .execute();
  if (ended.length === 0) return 0;
  const live = await db
    .selectFrom('refresh_token')
    .select(['access_jti', 'access_expires_at'])
    .where('tenant_id', '=', tenantId)
    .where(
      'session_id',
      'in',
      ended.map(({ id }) => id),
    )
    .where('access_expires_at', '>', now.toISOString())
    .execute();
  await revokeTokens(
    tx,
    live.map(({ access_jti, access_expires_at }) => ({ jti: access_jti, expiresAt: new Date(access_expires_at) })),
  );
  return ended.length;
}

/**
 * Everything a person or an application holds: on a changed password, a disabled or deleted account, a lost secret. The
 * person's remembered devices go too, and logins that wait for their second factor. As its last act, like `endSessions`.
 */
export async function endSessionsOfSubject(
  tx: DirectoryTx,
  { kind, subject }: Subject,
  reason: EndReason,
  now: Date,
): Promise<number> {
  if (kind === 'person' && parseUuid(subject) !== undefined) await forgetDevices(tx, subject);
  const rows = await tx.db
    .selectFrom('login_session')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now.toISOString())
    .orderBy('id')
    // Locked before it is decided what goes: a renewal under way commits first and its new token goes too.
    .forUpdate()
    .execute();
  return endSessions(
    tx,
    rows.map(({ id }) => id),
    reason,
    now,
  );
}
