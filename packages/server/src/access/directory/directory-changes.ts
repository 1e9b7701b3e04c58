import { sql } from 'kysely';
import type { ChangePage } from '../../http/directory-feed.js';
import type { Subject } from './subject-roles.js';
import { type AccessStore, type DirectoryTx, unreachable } from './with-directory.js';

/** Whoever has not read for so long remembers nothing any more: permissions are kept for a minute. */
const keptMs = 3_600_000;
const pageSize = 1_000;

/**
 * Tells every process that what this user or application may do has changed. The counter row stays locked until the end
 * of the transaction: call this last, and after `revokeTokens`, which locks another.
 */
export async function recordChange(
  { db, tenantId }: DirectoryTx,
  { kind, subject }: Subject,
  now: Date,
): Promise<void> {
  await db
    .deleteFrom('directory_change')
    .where('tenant_id', '=', tenantId)
    .where('changed_at', '<', new Date(now.getTime() - keptMs).toISOString())
    .execute();
  const { position } = await db
    .updateTable('directory_feed')
    .set(({ eb }) => ({ position: eb('position', '+', 1) }))
    .where('only_row', '=', true)
    .returning('position')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('directory_change')
    .values({ tenant_id: tenantId, position, kind, subject, changed_at: now })
    .execute();
}

/**
 * The changes of all tenants after a position, in the order in which they were committed; without a position only where
 * the feed stands now. Of each only who it was, through a function of the database.
 */
export async function readChanges(store: AccessStore, since: number | undefined): Promise<ChangePage> {
  try {
    const { rows } = await sql<{
      newest: number;
      feed_position: number | null;
      of_tenant: string | null;
      subject_kind: 'person' | 'application' | null;
      subject_id: string | null;
    }>`select feed.position as newest, entry.*
         from directory_feed feed
         left join lateral directory_changes_since(${since ?? Number.MAX_SAFE_INTEGER}, ${pageSize}) entry on true
        order by entry.feed_position`.execute(store.installation);
    const newest = rows[0]?.newest ?? 0;
    const found = rows.flatMap(({ feed_position: at, of_tenant: tenantId, subject_kind: kind, subject_id: subject }) =>
      at === null || tenantId === null || kind === null || subject === null ? [] : [{ at, tenantId, kind, subject }],
    );
    return {
      // Of one statement, so of one moment: nothing can lie between the last change and the counter.
      position: found.length === pageSize ? (found.at(-1)?.at ?? newest) : newest,
      changes: found.map(({ tenantId, kind, subject }) => ({ tenantId, kind, subject })),
      more: found.length === pageSize,
      restarted: since !== undefined && newest < since,
    };
  } catch (error) {
    throw unreachable(error);
  }
}
