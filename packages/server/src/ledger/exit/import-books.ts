import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { MigratorConnection } from '../../postgres/migrator-connection.js';
import { OperatorError } from '../../postgres/operator-error.js';
import { type BookTable, readBookTables } from './book-tables.js';
import type { ExportSource } from './export-files.js';
import type { ExportFormat, Manifest, TableManifest } from './manifest.js';
import { jsonLinesOfParquet } from './parquet.js';
import { columnList, contentDigest, Measured, printSettings, rawLines } from './row-streams.js';

export interface ImportOptions {
  readonly source: ExportSource;
  /** The books that are there now make room, in the same transaction; otherwise they must be empty. */
  readonly replace?: boolean;
  readonly onTable: (name: string, nth: number, total: number) => void;
}

/**
 * The books of an export into a store, in one transaction: when anything differs from the manifest (a file's hash, a
 * row, the content as PostgreSQL prints it afterwards), or the database's own check refuses a row, nothing stays.
 * @throws OperatorError that says which file or table it was and why
 */
export async function importBooks(
  { client, schema, ownerRole }: MigratorConnection,
  options: ImportOptions,
): Promise<Manifest> {
  const { source, replace = false, onTable } = options;
  const manifest = await source.manifest();
  await client.query('begin');
  try {
    await client.query(`set local role ${id(ownerRole)}; ${printSettings}`);
    const own = await readBookTables(client, schema);
    await refuseStrange(client, manifest, own);
    if (replace) await client.query(`truncate ${own.map(({ name }) => id(name)).join(', ')}`);
    else await refuseFilled(client, own);
    // Parents first as they are here, whatever the order in the manifest.
    const wanted = own.flatMap(({ name }) => manifest.tables.filter((table) => table.name === name));
    for (const [nth, table] of wanted.entries()) {
      onTable(table.name, nth + 1, wanted.length);
      await importTable(client, table, source, manifest.format);
    }
    await client.query('commit');
    await client.query(own.map(({ name }) => `analyze ${id(name)}`).join('; '));
    return manifest;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** A column or table that is not here would be lost in silence; one that only is here takes its default. */
async function refuseStrange(client: pg.Client, manifest: Manifest, own: readonly BookTable[]): Promise<void> {
  const { rows } = await client.query<{ version: string }>('select max(id) as version from schema_migration');
  const version = String(rows[0]?.version);
  if (manifest.schemaVersion > version)
    throw new OperatorError(
      `the export is of schema ${manifest.schemaVersion}, these books are at ${version}: upgrade first.`,
    );
  refuseIncomplete(manifest, own, version);
  for (const { name, columns } of manifest.tables) {
    const table = own.find((candidate) => candidate.name === name);
    if (table === undefined) throw new OperatorError(`the export has a table ${name} that these books do not have.`);
    const known = new Map(table.columns.map((column) => [column.name, column.type]));
    for (const { name: column, type } of columns)
      if (known.get(column) !== type)
        throw new OperatorError(
          `the export's ${name}.${column} is of type ${type}, here it is ${known.get(column) ?? 'missing'}.`,
        );
  }
}

/** What a manifest of these same tables leaves out was not left out by an export: half of the books must not look like all of them. */
function refuseIncomplete({ tables, schemaVersion }: Manifest, own: readonly BookTable[], version: string): void {
  const names = tables.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new OperatorError(`the manifest names the table ${twice} twice.`);
  // An older export has not got what later migrations brought.
  if (schemaVersion !== version) return;
  for (const { name, columns } of own) {
    const told = tables.find((table) => table.name === name);
    if (told === undefined)
      throw new OperatorError(`the manifest leaves out the table ${name}: this is not the whole of an export.`);
    const missing = columns.find((column) => !told.columns.some((each) => each.name === column.name));
    if (missing !== undefined)
      throw new OperatorError(`the manifest leaves out ${name}.${missing.name}: this is not the whole of an export.`);
  }
}

async function refuseFilled(client: pg.Client, own: readonly BookTable[]): Promise<void> {
  await client.query(`lock table ${own.map(({ name }) => id(name)).join(', ')} in exclusive mode`);
  for (const { name } of own) {
    const { rowCount } = await client.query(`select from ${id(name)} limit 1`);
    if (rowCount !== 0)
      throw new OperatorError(`the books are not empty (${name} has rows): import into a new tenant.`);
  }
}

async function importTable(
  client: pg.Client,
  table: TableManifest,
  source: ExportSource,
  format: ExportFormat,
): Promise<void> {
  const measured = new Measured();
  const bytes = source.open(table.file);
  const refuseAltered = (): void => {
    if (measured.sha256 !== table.sha256 || measured.bytes !== table.bytes)
      throw new OperatorError(
        `${table.file} is not the file that was exported: its SHA-256 differs from the manifest.`,
      );
  };
  let rows: number;
  if (format === 'parquet') {
    if (source.pathOf === undefined) throw new OperatorError('a Parquet file is read from a plain folder only.');
    await pipeline(bytes, measured, new PassThrough().resume());
    // Before its bytes are taken for a structure: it is read out of order.
    refuseAltered();
    const lines = Readable.from(jsonLinesOfParquet(source.pathOf(table.file)));
    rows = await copyLines(client, table, lines, { flat: true });
  } else if (format === 'jsonl') {
    [, rows] = await Promise.all([pipeline(bytes, measured), copyLines(client, table, measured, { flat: false })]);
  } else {
    const target = `${id(table.name)} (${columnList(table)})`;
    const into = client.query(copyFrom(`copy ${target} from stdin with (format csv, header)`));
    await pipeline(bytes, measured, into);
    rows = into.rowCount ?? 0;
  }
  refuseAltered();
  if (rows !== table.rows) throw new OperatorError(`${table.file} has ${rows} rows; the manifest says ${table.rows}.`);
  if ((await contentDigest(client, table)) !== table.contentSha256)
    throw new OperatorError(
      `table ${table.name} does not hold what was exported: its content differs from the manifest.`,
    );
}

/** Answers how many rows came. */
async function copyLines(
  client: pg.Client,
  table: TableManifest,
  lines: Readable,
  { flat }: { readonly flat: boolean },
): Promise<number> {
  // In the tenant's own schema: nobody has the right to temporary tables.
  await client.query('create unlogged table import_line (line json not null)');
  await pipeline(lines, client.query(copyFrom(`copy import_line from stdin with (${rawLines})`)));
  // Each line is parsed once. What the export wrote as text is read as text, then as what it is.
  const asText = (type: string): boolean => type === 'json' || (flat && type === 'jsonb');
  const members = table.columns.map(({ name, type }) => `${id(name)} ${asText(type) ? 'text' : id(type)}`);
  const values = table.columns.map(({ name, type }) => (asText(type) ? `${id(name)}::${id(type)}` : id(name)));
  const { rowCount } = await client.query(
    `insert into ${id(table.name)} (${columnList(table)})
     select ${values.join(', ')} from import_line, json_to_record(line) as member(${members.join(', ')})`,
  );
  await client.query('drop table import_line');
  return rowCount ?? 0;
}
