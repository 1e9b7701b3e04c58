import type { DirectoryTx } from '../directory/with-directory.js';
import { newOpaqueToken, readOpaqueToken } from '../tokens/opaque-token.js';

/** Seconds that a device need not show a second factor (access-manager §2.7). */
export const deviceLifetimeSeconds = 30 * 86_400;

/** A token for the device that has just shown a second factor. */
export async function rememberDevice({ db, tenantId }: DirectoryTx, userId: string, at: Date): Promise<string> {
  const { text, hash } = newOpaqueToken('device', tenantId);
  await db
    .insertInto('remembered_device')
    .values({
      tenant_id: tenantId,
      token_hash: hash,
      user_id: userId,
      created_at: at,
      expires_at: new Date(at.getTime() + deviceLifetimeSeconds * 1_000),
    })
    .execute();
  return text;
}

/** Whether this person's second factor was shown on that device lately. Another person's device counts for nothing. */
export async function isRememberedDevice(
  { db, tenantId }: DirectoryTx,
  userId: string,
  text: string,
  now: Date,
): Promise<boolean> {
  const token = readOpaqueToken('device', text);
  if (token?.tenantId !== tenantId) return false;
  const row = await db
    .selectFrom('remembered_device')
    .select('user_id')
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', token.hash)
    .where('user_id', '=', userId)
    .where('expires_at', '>', now.toISOString())
    .executeTakeFirst();
  return row !== undefined;
}

/** Every device of the person shows the second factor again. */
export async function forgetDevices({ db, tenantId }: DirectoryTx, userId: string): Promise<void> {
  await db.deleteFrom('remembered_device').where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute();
}
