import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../postgres/identifiers.js';
import type { AdminServer } from './admin-connections.js';
import type { Placement } from './placement.js';
import { controlSchema } from './prepare-server.js';

export interface CountedTable {
  readonly table: string;
  readonly rows: number;
}

/** What there was of a store, counted when nobody could write any more. */
export interface StoreInventory {
  readonly server: string;
  readonly database: string;
  readonly schema: string;
  /** `database`: it went as a whole; `schema`: the database holds others, or is the operator's. */
  readonly dropped: 'database' | 'schema';
  /** On disk, indexes included. */
  readonly bytes: number;
  readonly tables: readonly CountedTable[];
  /** Logins, and the owner that nobody logs in as. */
  readonly roles: readonly string[];
}

/** Counts every table of the schema, as its owner. */
export async function takeInventory(
  server: AdminServer,
  { store }: Pick<Placement, 'store'>,
  { roles, dropped }: Pick<StoreInventory, 'roles' | 'dropped'>,
): Promise<StoreInventory> {
  const inStore = await server.connect(store.database, 'public');
  try {
    await inStore.query('set statement_timeout = 0');
    await inStore.query(`set role ${id(store.ownerRole)}`);
    const { rows } = await inStore.query<{ table: string; bytes: number }>(
      `select c.relname as "table", pg_total_relation_size(c.oid) as bytes
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relkind = 'r' order by 1`,
      [store.schema],
    );
    const found = rows.map(({ table, bytes }) => ({ table, bytes: Number(bytes) }));
    const tables = await countRows(
      inStore,
      found.map(({ table }) => ({ table, from: `${id(store.schema)}.${id(table)}` })),
    );
    const bytes = found.reduce((sum, table) => sum + table.bytes, 0);
    return { server: server.id, database: store.database, schema: store.schema, dropped, bytes, tables, roles };
  } finally {
    await inStore.end();
  }
}

async function countRows(
  client: pg.ClientBase,
  tables: readonly { readonly table: string; readonly from: string; readonly where?: string }[],
): Promise<CountedTable[]> {
  if (tables.length === 0) return [];
  const selects = tables.map(
    ({ table, from, where = '' }) =>
      `select ${quoteLiteral(table)} as "table", count(*)::int8 as rows from ${from} ${where}`,
  );
  const { rows } = await client.query<{ table: string; rows: number }>(selects.join(' union all '));
  return rows.map(({ table, rows: count }) => ({ table, rows: Number(count) }));
}

/** Why rows of a tenant stay in the control database. A table that is not here says so. */
const reasons: Readonly<Record<string, string>> = {
  tenant: 'the tombstone: its id is never used again; id, slug, name and dates, no e-mail, no metadata',
  association: 'that the service was there, and until when',
  placement: 'physical names are never used again; the credentials are gone',
  provisioning: 'how it was made; the secrets of the seed are gone',
  operation: 'what was done with it, this report among them',
  audit: 'who did what: accountability outlives the tenant',
};

function whyKept(table: string, kind: 'tenant.purge' | 'association.purge'): string {
  if (kind === 'association.purge') return 'the tenant stays, with its people and applications';
  return reasons[table] ?? 'a record of the installation';
}

/** Rows of the control database that stay, in every table that has a column for a tenant. */
export async function countKept(
  client: pg.PoolClient,
  tenantId: string,
  kind: 'tenant.purge' | 'association.purge',
): Promise<(CountedTable & { readonly why: string })[]> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select c.relname as "table", a.attname as "column"
       from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
      where c.relnamespace = $1::text::regnamespace and c.relkind = 'r'
        and a.attname = case c.relname when 'tenant' then 'id' else 'tenant_id' end
      order by 1`,
    [controlSchema],
  );
  const counted = await countRows(
    client,
    rows.map(({ table, column }) => ({
      table,
      from: id(table),
      where: `where ${id(column)} = ${quoteLiteral(tenantId)}`,
    })),
  );
  return counted.filter((table) => table.rows > 0).map((table) => ({ ...table, why: whyKept(table.table, kind) }));
}
