import type { DirectoryTx } from './with-directory.js';

/** What logins leave behind, each with an `expires_at`. A session takes its refresh tokens along. */
const expiring = [
  'login_session',
  'mfa_session',
  'remembered_device',
  'revoked_token',
  'oidc_record',
  'password_reset',
  'known_source',
] as const;

/**
 * Removes the tenant's leftovers that expired over an hour ago: no clock is so wrong that they would still be good somewhere, wrong
 * codes are counted over an hour, and a code that comes again is known for what it is until then.
 */
export async function deleteExpired({ db, tenantId }: DirectoryTx, now: Date): Promise<void> {
  const past = new Date(now.getTime() - 3_600_000).toISOString();
  for (const table of expiring) {
    await db
      .deleteFrom(table as 'login_session')
      .where('tenant_id', '=', tenantId)
      .where('expires_at', '<', past)
      .execute();
  }
}
