import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../../postgres/identifiers.js';
import type { Comparison } from './move-record.js';
import { type Direction, endOfLog, lagBehind, listTables, type OpenPlace } from './replication.js';

export interface BookTable {
  readonly name: string;
  /** By name, quoted: it does not matter in which order migrations have added them. */
  readonly columns: string;
  /** A key of one column that grows with the time of writing: UUIDv7, or a sequence. */
  readonly growing: { readonly column: string; readonly type: 'uuid' | 'bigint' } | null;
}

interface TableContent {
  readonly table: string;
  readonly rows: number;
  readonly hash: string;
}

/** Where a table's rows of the last moments begin; absent: all of it. */
export type Since = Readonly<Record<string, string>>;

/** The places do not hold the same: the move must not go on. */
export class ContentDiffers extends Error {
  override readonly name = 'ContentDiffers';
}

/** Comparing everything is no part of the pause when it takes longer than this. */
const shortMs = 300;
/** Smaller tables are compared whole each time. */
const largeRows = 5_000;
/** An id is made up to this long before its row is there, a position up to so many others. */
const lateMs = 120_000;
const latePositions = 10_000;

/**
 * The first comparison, of everything, before the pause: writers wait for the moment in which both sides take a snapshot of
 * the same content, and go on while it is read. Answers what is left for the pause: of large tables what was written since.
 * @throws ContentDiffers
 */
export async function compareFrozen(
  sender: OpenPlace,
  receiver: OpenPlace,
  direction: Direction,
): Promise<{ readonly compared: Comparison; readonly since: Since }> {
  const { schema } = sender.place.store;
  const tables = await readTables(sender.client, schema);
  const at = new Date();
  const [left, right] = await Promise.all([connectAlike(sender, schema), connectAlike(receiver, schema)]);
  try {
    const names = tables.map(({ name }) => `${id(schema)}.${id(name)}`).join(', ');
    const blocker = await connectAlike(sender, schema);
    try {
      await blocker.query(`begin; set local lock_timeout = '500ms'; lock table ${names} in share mode`);
      await left.query(snapshot);
      const end = await endOfLog(sender);
      const deadline = performance.now() + 700;
      while (((await lagBehind(sender, direction, end)) ?? 1) > 0) {
        if (performance.now() > deadline) throw new Error('the copy did not catch up in a moment; it is tried again');
        await delay(5);
      }
      await right.query(snapshot);
    } finally {
      await blocker.end();
    }
    const compared = await compare(left, right, schema, tables, {});
    const since = compared.ms <= shortMs ? {} : await sinceThen(left, schema, tables, at);
    return { compared, since };
  } finally {
    await Promise.all([left.end(), right.end()]);
  }
}

const snapshot = 'begin isolation level repeatable read read only; select count(*) from schema_migration';

/** In the pause: nothing changes on either side. */
export interface LastComparison {
  /** @throws ContentDiffers; the database's own error when `timeoutMs` has passed */
  run(timeoutMs: number): Promise<Comparison>;
  close(): Promise<void>;
}

/** Connected and asked for its tables before the pause begins. */
export async function prepareComparison(sender: OpenPlace, receiver: OpenPlace, since: Since): Promise<LastComparison> {
  const { schema } = sender.place.store;
  const tables = await readTables(sender.client, schema);
  const clients = await Promise.all([connectAlike(sender, schema), connectAlike(receiver, schema)]);
  return {
    async run(timeoutMs) {
      await Promise.all(
        clients.map((client) => client.query(`set statement_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`)),
      );
      return compare(clients[0], clients[1], schema, tables, since);
    },
    close: async () => void (await Promise.all(clients.map((client) => client.end()))),
  };
}

/** As the owner of the tables: an administrator need not be a superuser. Values must become the same text on both sides, whatever the servers' own settings are. */
export async function connectAlike({ server, place }: OpenPlace, schema: string): Promise<pg.Client> {
  const client = await server.connect(place.store.database, schema);
  await client.query(
    `set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set extra_float_digits = 1;
     set bytea_output = 'hex'; set jit = off; set statement_timeout = 0; set role ${id(place.store.ownerRole)}`,
  );
  return client;
}

/**
 * Row counts and hashes of all tables (`since`: of large ones what was written since) on both sides.
 * @throws ContentDiffers
 */
export async function compare(
  left: pg.Client,
  right: pg.Client,
  schema: string,
  tables: readonly BookTable[],
  since: Since,
): Promise<Comparison> {
  const started = performance.now();
  const query = contentQuery(schema, tables, since);
  const [one, two] = await Promise.all(
    [left, right].map(async (client) => (await client.query<TableContent>(query)).rows),
  );
  const differing = (one ?? []).flatMap(({ table, rows, hash }) => {
    const other = two?.find((each) => each.table === table);
    if (other?.rows === rows && other.hash === hash) return [];
    return [`${table} (${rows} rows at one, ${other?.rows ?? 'no'} at the other)`];
  });
  if (differing.length > 0) throw new ContentDiffers(`the two places differ in ${differing.join(', ')}`);
  return {
    tables: tables.length,
    rows: (one ?? []).reduce((sum, { rows }) => sum + Number(rows), 0),
    hash: createHash('sha256').update(JSON.stringify(one)).digest('hex'),
    ms: Math.round(performance.now() - started),
  };
}

/** The hash of a table is the sum of its rows' hashes, so that no order is needed. */
function contentQuery(schema: string, tables: readonly BookTable[], since: Since): string {
  const parts = tables.map(({ name, columns, growing }) => {
    const from = since[name];
    const where = from === undefined || growing === null ? '' : `where ${id(growing.column)} >= ${quoteLiteral(from)}`;
    return `select ${quoteLiteral(name)} as "table", count(*)::float8 as rows,
        coalesce(sum(('x' || left(h, 16))::bit(64)::bigint::numeric), 0)::text || '.' ||
        coalesce(sum(('x' || right(h, 16))::bit(64)::bigint::numeric), 0)::text as hash
      from (select md5(row(${columns})::text) as h from ${id(schema)}.${id(name)} ${where}) hashed`;
  });
  return `${parts.join(' union all ')} order by 1`;
}

/** The tables of the books as they are compared, by name. */
export async function readTables(client: pg.ClientBase, schema: string): Promise<BookTable[]> {
  const { rows } = await client.query<BookTable>(
    `select c.relname as name, string_agg(format('%I', a.attname), ', ' order by a.attname collate "C") as columns,
            (select jsonb_build_object('column', k.attname, 'type', format_type(k.atttypid, null))
               from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = i.indkey[0]
              where i.indrelid = c.oid and i.indisprimary and i.indnkeyatts = 1
                and (k.atttypid = 'uuid'::regtype or k.attidentity <> '')) as growing
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = to_regnamespace($1) and c.relname = any ($2) group by c.oid, c.relname order by c.relname`,
    [`"${schema}"`, await listTables(client, schema)],
  );
  return rows;
}

async function sinceThen(
  client: pg.Client,
  schema: string,
  tables: readonly BookTable[],
  at: Date,
): Promise<Record<string, string>> {
  const since: Record<string, string> = {};
  const time = (at.getTime() - lateMs).toString(16).padStart(12, '0');
  for (const { name, growing } of tables) {
    if (growing === null) continue;
    const table = `${id(schema)}.${id(name)}`;
    const { rowCount } = await client.query(`select from ${table} limit ${largeRows}`);
    if ((rowCount ?? 0) < largeRows) continue;
    if (growing.type === 'uuid') {
      since[name] = `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
      continue;
    }
    const { rows } = await client.query<{ position: string }>(
      `select greatest(max(${id(growing.column)}) - ${latePositions}, 0)::text as position from ${table}`,
    );
    since[name] = rows[0]?.position ?? '0';
  }
  return since;
}
