import type { DirectoryTx } from './with-directory.js';

export interface NewPasswordReset {
  /** Of the code; the code itself is kept nowhere. */
  readonly hash: Buffer;
  readonly userId: string;
  readonly email: string;
  readonly at: Date;
  readonly expiresAt: Date;
}

export async function insertPasswordReset(
  { db, tenantId }: DirectoryTx,
  { hash, userId, email, at, expiresAt }: NewPasswordReset,
): Promise<void> {
  await db
    .insertInto('password_reset')
    .values({ tenant_id: tenantId, token_hash: hash, user_id: userId, email, created_at: at, expires_at: expiresAt })
    .execute();
}

/** One that is still good, as far as time goes. */
export async function findPasswordReset(
  { db, tenantId }: DirectoryTx,
  hash: Buffer,
  now: Date,
): Promise<{ readonly userId: string; readonly email: string } | undefined> {
  return db
    .selectFrom('password_reset')
    .select(['user_id as userId', 'email'])
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', hash)
    .where('expires_at', '>', now.toISOString())
    .executeTakeFirst();
}

export async function countPasswordResets({ db, tenantId }: DirectoryTx, userId: string, since: Date): Promise<number> {
  const { count } = await db
    .selectFrom('password_reset')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('created_at', '>', since.toISOString())
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Every code of the user, as soon as the password is another one; call it after the user's row has been changed. Answers how many. */
export async function deletePasswordResets({ db, tenantId }: DirectoryTx, userId: string): Promise<number> {
  const gone = await db
    .deleteFrom('password_reset')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
}
