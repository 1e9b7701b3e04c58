import type pg from 'pg';
import { parentsFirst, readReferences } from '../../postgres/parents-first.js';

export interface BookColumn {
  readonly name: string;
  /** PostgreSQL's name of the type: uuid, text, numeric, int8, int4, bool, timestamptz, json, jsonb, bytea, … */
  readonly type: string;
  readonly nullable: boolean;
}

export interface BookTable {
  readonly name: string;
  readonly columns: readonly BookColumn[];
  /** Rows are exported in this order, so that equal books give equal files. */
  readonly primaryKey: readonly string[];
}

/**
 * Which tables hold books, those that others refer to first. Not among them: the record of migrations (the manifest has the
 * version) and the outbox, whose positions and transaction ids mean something in one database only.
 */
export async function readBookTables(client: pg.ClientBase, schema: string): Promise<BookTable[]> {
  const { rows: columns } = await client.query<BookColumn & { table: string; key: number | null }>(
    `select c.relname as "table", a.attname as name, t.typname as type, not a.attnotnull as nullable,
            array_position(k.conkey, a.attnum) as key
     from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     join pg_type t on t.oid = a.atttypid
     left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
     where c.relnamespace = $1::text::regnamespace and c.relkind = 'r' and c.relname not in ('schema_migration', 'outbox')
     order by c.relname, a.attnum`,
    [schema],
  );
  const references = await readReferences(client, schema);
  const names = [...new Set(columns.map(({ table }) => table))];
  return parentsFirst(names, references).map((name) => {
    const own = columns.filter(({ table }) => table === name);
    const keyed = own.filter(({ key }) => key !== null).sort((a, b) => Number(a.key) - Number(b.key));
    if (keyed.length === 0) throw new Error(`table ${name} has no primary key: its rows have no order`);
    return {
      name,
      columns: own.map(({ name: column, type, nullable }) => ({ name: column, type, nullable })),
      primaryKey: keyed.map((column) => column.name),
    };
  });
}
