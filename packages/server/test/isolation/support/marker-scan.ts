import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallationNames } from '../../../src/postgres/installation.js';
import { asAdmin } from '../../support/admin.js';

/** Whose a marker is, and the one place where its books may be. */
export interface Marked {
  readonly tenantId: string;
  readonly database: string;
  readonly schema: string;
  /** Lower case, letters and digits. */
  readonly markers: readonly string[];
}

/** A marker, seen in something that is `owner`'s; null: in something that is nobody's or everybody's. */
export interface Sighting {
  readonly place: string;
  readonly marker: string;
  readonly owner: string | null;
}

/** Sightings of a marker in what is not its own tenant's. */
export function misplaced(sightings: readonly Sighting[], tenants: readonly Marked[]): Sighting[] {
  const ownerOf = new Map(tenants.flatMap(({ tenantId, markers }) => markers.map((marker) => [marker, tenantId])));
  return sightings.filter(({ marker, owner }) => ownerOf.get(marker) !== owner);
}

export const markersOf = (tenants: readonly Marked[]): string[] => tenants.flatMap(({ markers }) => markers);

/** In one text: as it is, in capitals, or as the hexadecimal digits of its bytes. */
export function sightingsIn(
  text: string,
  markers: readonly string[],
  place: string,
  owner: string | null | (() => string | null),
): Sighting[] {
  const spelled = new Map(markers.flatMap((marker) => [marker, hexOf(marker)].map((form) => [form, marker] as const)));
  const hits = text.match(new RegExp([...spelled.keys()].join('|'), 'gi')) ?? [];
  const found = new Set(hits.map((hit) => spelled.get(hit.toLowerCase()) ?? hit));
  return [...found].map((marker) => ({ place, marker, owner: typeof owner === 'function' ? owner() : owner }));
}

const hexOf = (text: string): string => Buffer.from(text).toString('hex');

/** @param ownerOf whose a file is, told from what it holds */
export function sightingsInFolder(
  folder: string,
  markers: readonly string[],
  ownerOf: (content: string) => string | null,
): Sighting[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const content = readFileSync(join(entry.parentPath, entry.name), 'latin1');
      return sightingsIn(content, markers, entry.name, () => ownerOf(content));
    });
}

/** PostgreSQL's log: a line is of whose login it names (`server-arguments.ts`), and so are the lines that go on with it. */
export function sightingsInServerLog(text: string, markers: readonly string[], place: string): Sighting[] {
  let owner: string | null = null;
  return text.split('\n').flatMap((line) => {
    if (/^\d{4}-\d\d-\d\d /.test(line)) owner = / t_([0-9a-f]{32})\w*@/.exec(line)?.[1] ?? null;
    return sightingsIn(line, markers, place, owner);
  });
}

interface Source {
  readonly place: string;
  /** What is read: a table, or a query in parentheses. */
  readonly from: string;
  /** SQL that tells from `item` the id of a tenant, or the name of a schema; null: nobody's. */
  readonly owner: string;
}

/** What the catalogue knows of a tenant's objects: in which schema. Its other tables are nobody's. */
const catalogueOwners: Readonly<Record<string, string>> = {
  pg_class: 'item.relnamespace::regnamespace::text',
  pg_attribute: '(select relnamespace::regnamespace::text from pg_class where oid = item.attrelid)',
  pg_constraint: 'item.connamespace::regnamespace::text',
  pg_type: 'item.typnamespace::regnamespace::text',
  pg_namespace: 'item.nspname::text',
  // Most common values of every column.
  pg_statistic: '(select relnamespace::regnamespace::text from pg_class where oid = item.starelid)',
};

/** Every table that is in the database now, and what the server makes of the catalogue in words. */
async function sourcesIn(database: string): Promise<Source[]> {
  return asAdmin(async (admin) => {
    const { rows } = await admin.query<{ schema: string; table: string; named: string | null }>(
      `select n.nspname as schema, c.relname as "table", coalesce(a.attname, case c.relname when 'tenant' then 'id' end) as named
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relkind in ('r', 'm') and n.nspname not in ('pg_toast', 'information_schema')`,
    );
    const tables = rows.map(({ schema, table, named }): Source => {
      const inCatalogue = schema === 'pg_catalog';
      const owner = named === null ? `'${schema}'` : `item.${named}::text`;
      return {
        place: `${database} ${schema}.${table}`,
        from: `"${schema}"."${table}"`,
        owner: inCatalogue ? (catalogueOwners[table] ?? 'null') : owner,
      };
    });
    return [
      ...tables,
      { place: `${database} pg_indexes`, from: 'pg_catalog.pg_indexes', owner: 'item.schemaname::text' },
      {
        place: `${database} sessions`,
        from: `(select usename, query from pg_stat_activity where pid <> pg_backend_pid())`,
        owner: `substring(item.usename from '^t_([0-9a-f]{32})')`,
      },
    ];
  }, database);
}

/** Every row of every table of every database of the installation, and of those that are everybody's. */
export async function scanDatabases(names: InstallationNames, tenants: readonly Marked[]): Promise<Sighting[]> {
  const markers = markersOf(tenants);
  const byStore = new Map(tenants.map(({ tenantId, database, schema }) => [`${database} ${schema}`, tenantId]));
  const own = new Map(tenants.filter(({ database }) => database !== names.sharedDatabase).map((t) => [t.database, t]));
  const found: Sighting[] = [];
  for (const database of await databasesOf(names, tenants)) {
    const sources = await sourcesIn(database);
    const selects = sources.map(
      ({ place, from, owner }) =>
        `select distinct '${place}' as place, marker, ${owner} as owner
           from ${from} item cross join lateral (select lower(item::text) as line) said
           join unnest($1::text[]) marker on position(marker in said.line) > 0
             or position(encode(convert_to(marker, 'UTF8'), 'hex') in said.line) > 0`,
    );
    const { rows } = await asAdmin(
      (admin) =>
        admin.query<{ place: string; marker: string; owner: string | null }>(selects.join(' union all '), [markers]),
      database,
    );
    for (const { place, marker, owner } of rows) {
      const inCatalogue = place.startsWith(`${database} pg_catalog.`);
      const tenantOfStore = byStore.get(`${database} ${owner}`);
      // The catalogue of a database that is one tenant's is that tenant's, tables of the whole cluster apart.
      const tenantOfDatabase = inCatalogue && owner !== null ? own.get(database)?.tenantId : undefined;
      found.push({ place, marker, owner: tenantOfStore ?? tenantOfDatabase ?? owner });
    }
  }
  return found;
}

async function databasesOf(names: InstallationNames, tenants: readonly Marked[]): Promise<string[]> {
  return asAdmin(async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      `select datname from pg_database
        where datallowconn and (starts_with(datname, $1) or datname = any ($2) or datname in ('postgres', 'template1'))`,
      [names.prefix, tenants.map(({ database }) => database)],
    );
    return rows.map(({ datname }) => datname);
  });
}

/** The columns of a schema that can hold text, and whether one of the markers is in any row of them. */
export async function textColumns(
  database: string,
  schema: string,
  markers: readonly string[],
): Promise<{ readonly column: string; readonly marked: boolean }[]> {
  return asAdmin(async (admin) => {
    const { rows } = await admin.query<{ table: string; column: string }>(
      `select table_name as "table", column_name as "column"
         from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema = $1 and table_type = 'BASE TABLE' and udt_name in ('text', 'varchar', 'bpchar', 'json', 'jsonb', '_text', 'name', 'citext', 'xml')
        order by 1, 2`,
      [schema],
    );
    const selects = rows.map(
      ({ table, column }) =>
        `select '${table}.${column}' as "column", exists (
           select from "${schema}"."${table}" item join unnest($1::text[]) marker
             on position(marker in lower(item."${column}"::text)) > 0) as marked`,
    );
    if (selects.length === 0) throw new Error(`no column for text in ${database}.${schema}`);
    return (await admin.query(selects.join(' union all '), [markers])).rows;
  }, database);
}
