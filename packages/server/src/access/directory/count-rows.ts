import { sql } from 'kysely';
import type { DirectoryTx } from './with-directory.js';

export interface CountedTable {
  readonly table: string;
  readonly rows: number;
}

/** How many rows of the tenant each table of the directory holds, by the catalogue: a new table is counted by itself. */
export async function countRows({ db, tenantId }: DirectoryTx): Promise<CountedTable[]> {
  const { rows: tables } = await sql<{ name: string }>`
    select c.relname as name from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
     where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' order by 1`.execute(db);
  const selects = tables.map(
    ({ name }) =>
      sql`select ${name}::text as "table", count(*)::int4 as rows from ${sql.id(name)} where tenant_id = ${tenantId}`,
  );
  return (await sql<CountedTable>`${sql.join(selects, sql` union all `)}`.execute(db)).rows;
}
