import { sql } from 'kysely';
import type { DirectoryTx } from './with-directory.js';

const keptMs = 30 * 86_400_000;
/** So that somebody who logs in all day long writes once. */
const renewedAfterMs = 86_400_000;

/** The right password came from there. */
export async function rememberSource(
  { db, tenantId }: DirectoryTx,
  userId: string,
  source: string,
  now: Date,
): Promise<void> {
  const expiresAt = new Date(now.getTime() + keptMs);
  await db
    .insertInto('known_source')
    .values({ tenant_id: tenantId, user_id: userId, source, expires_at: expiresAt })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'user_id', 'source'])
        .doUpdateSet({ expires_at: expiresAt })
        .where('known_source.expires_at', '<', new Date(expiresAt.getTime() - renewedAfterMs).toISOString()),
    )
    .execute();
}

/** Whether the right password came from there within 30 days. Nobody's id takes as long as somebody's. */
export async function isKnownSource(
  { db, tenantId }: DirectoryTx,
  userId: string | undefined,
  source: string,
  now: Date,
): Promise<boolean> {
  const row = await db
    .selectFrom('known_source')
    .select(sql<number>`1`.as('one'))
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId ?? nobody)
    .where('source', '=', source)
    .where('expires_at', '>', now.toISOString())
    .executeTakeFirst();
  return row !== undefined;
}

const nobody = '00000000-0000-0000-0000-000000000000';
