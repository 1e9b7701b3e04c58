import type pg from 'pg';
import type { TenantStore } from './tenant-config.js';

/** A new connection must be where its configuration says, with books in it. Throws otherwise. */
export async function checkPlace(
  connection: Pick<pg.Client, 'query'>,
  { settings, schema }: Pick<TenantStore, 'settings' | 'schema'>,
): Promise<void> {
  const { rows } = await connection.query<{ user: string; database: string; schema: string | null; books: boolean }>(
    `select current_user as user, current_database() as database, current_schema() as schema,
            to_regclass('schema_migration') is not null as books`,
  );
  const found = JSON.stringify(rows[0]);
  const expected = JSON.stringify({ user: settings.user, database: settings.database, schema, books: true });
  if (found !== expected) throw new Error(`a tenant's connection is at ${found} and should be at ${expected}`);
}
