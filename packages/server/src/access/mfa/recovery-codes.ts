import type { DirectoryTx } from '../directory/with-directory.js';
import type { MfaSecrets } from './mfa-secrets.js';

/** New codes in place of all before; in the clear this once. */
export async function insertRecoveryCodes(
  { db, tenantId }: DirectoryTx,
  secrets: MfaSecrets,
  userId: string,
  at: Date,
): Promise<string[]> {
  const codes = secrets.newRecoveryCodes();
  await db.deleteFrom('recovery_code').where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute();
  await db
    .insertInto('recovery_code')
    .values(
      codes.map((code) => ({
        tenant_id: tenantId,
        user_id: userId,
        code_hmac: secrets.recoveryHmac({ tenantId, userId }, code),
        created_at: at,
      })),
    )
    .execute();
  return codes;
}
