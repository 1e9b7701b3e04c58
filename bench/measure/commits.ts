import { withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import type { Books } from '../stage/books.js';
import type { Stage } from '../stage/stage.js';

/** Where the outbox of these books ends now: a mark for `commitsSince`. */
export async function outboxEnd(stage: Stage, books: Books): Promise<number> {
  return ask(stage, books, 'select coalesce(max(position), 0)::int as value from outbox', []);
}

/**
 * Transactions a commit since then. Each posted transaction leaves one outbox row with the number of the database
 * transaction that wrote it, so this is counted, not estimated.
 */
export async function transactionsPerCommit(stage: Stage, books: Books, mark: number): Promise<number> {
  const sql = 'select (count(*)::float8 / nullif(count(distinct xid), 0)) as value from outbox where position > $1';
  return ask(stage, books, sql, [mark]);
}

async function ask(stage: Stage, books: Books, sql: string, values: readonly unknown[]): Promise<number> {
  const client = openClient(withDatabase(stage.admin, books.database), {
    applicationName: 'bench',
    searchPath: [books.schema],
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: number | null }>(sql, [...values]);
    return rows[0]?.value ?? Number.NaN;
  } finally {
    await client.end();
  }
}
