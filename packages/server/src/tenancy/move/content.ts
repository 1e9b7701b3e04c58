import { createHash } from 'node:crypto';
import type pg from 'pg';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { Comparison } from './move-record.js';
import { listTables, type OpenPlace } from './replication.js';

interface TableContent {
  readonly table: string;
  readonly rows: number;
  readonly hash: string;
}

/**
 * Rows and a hash of every table. The hash is the sum of the rows' hashes, so that no order is needed; a row is the text of
 * its columns by name, so that it does not matter in which order migrations have added them.
 */
async function readContent(client: pg.ClientBase, schema: string): Promise<TableContent[]> {
  const tables = await listTables(client, schema);
  const { rows: columns } = await client.query<{ table: string; columns: string }>(
    `select c.relname as "table", string_agg(format('t.%I', a.attname), ', ' order by a.attname collate "C") as columns
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = to_regnamespace($1) and c.relname = any ($2) group by 1`,
    [`"${schema}"`, tables],
  );
  const content: TableContent[] = [];
  for (const table of tables) {
    const list = columns.find((one) => one.table === table)?.columns ?? '';
    const { rows } = await client.query<{ rows: number; hash: string }>(
      `select count(*)::float8 as rows,
              coalesce(sum(('x' || left(h, 16))::bit(64)::bigint::numeric), 0)::text || '.' ||
              coalesce(sum(('x' || right(h, 16))::bit(64)::bigint::numeric), 0)::text as hash
         from (select md5(row(${list})::text) as h from ${id(schema)}.${id(table)} t) hashed`,
    );
    content.push({ table, rows: Number(rows[0]?.rows), hash: rows[0]?.hash ?? '' });
  }
  return content;
}

const asText = `set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set extra_float_digits = 1;
  set bytea_output = 'hex'; set jit = off`;

/** The places do not hold the same: the move must not go on. */
export class ContentDiffers extends Error {
  override readonly name = 'ContentDiffers';
}

/** @throws ContentDiffers naming the tables; the database's own error when `timeoutMs` has passed */
export async function compareContent(
  left: OpenPlace,
  right: OpenPlace,
  schemas: { readonly left: string; readonly right: string },
  timeoutMs: number,
): Promise<Comparison> {
  const started = performance.now();
  const read = async ({ client }: OpenPlace, schema: string) => {
    await client.query(
      `${asText}; begin read only; set local statement_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`,
    );
    try {
      return await readContent(client, schema);
    } finally {
      await client.query('rollback');
    }
  };
  const [one, two] = await Promise.all([read(left, schemas.left), read(right, schemas.right)]);
  const of = (all: readonly TableContent[], table: string) => all.find((each) => each.table === table);
  const names = [...new Set([...one, ...two].map(({ table }) => table))];
  const differing = names.flatMap((table) => {
    const [a, b] = [of(one, table), of(two, table)];
    if (a?.rows === b?.rows && a?.hash === b?.hash) return [];
    return [`${table} (${a?.rows ?? 'no'} rows here, ${b?.rows ?? 'no'} there)`];
  });
  if (differing.length > 0) throw new ContentDiffers(`the two places differ in ${differing.join(', ')}`);
  return {
    tables: one.length,
    rows: one.reduce((sum, { rows }) => sum + rows, 0),
    hash: createHash('sha256').update(JSON.stringify(one)).digest('hex'),
    ms: Math.round(performance.now() - started),
  };
}
