import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { MigratorConnection } from '../../postgres/migrator-connection.js';
import { OperatorError } from '../../postgres/operator-error.js';
import { type BookTable, readBookTables } from './book-tables.js';
import type { ExportSource, FileProgress } from './export-files.js';
import { digestOf } from './export-progress.js';
import { clearTheGround, endWithItsClient, firstFilled, holdsAlready } from './import-ground.js';
import { type Key, keyAfter } from './key-ranges.js';
import type { ExportFormat, Manifest, TableManifest } from './manifest.js';
import { jsonLinesOfParquet } from './parquet.js';
import { columnList, contentDigest, Measured, printSettings, rawLines, withoutFirstLine } from './row-streams.js';

export interface ImportOptions {
  readonly source: ExportSource;
  /** The books that are there now make room, in the same transaction; otherwise they must be empty. */
  readonly replace?: boolean;
  readonly onFile: (progress: FileProgress) => void;
}

/**
 * The books of an export into a store, in one transaction: when anything differs from the manifest (a file's hash, a
 * row, the content as PostgreSQL prints it afterwards), or the database's own check refuses a row, nothing stays. Books that
 * are already those of the export are left as they are: whoever was killed after the commit gives the same command again.
 * @throws OperatorError that says which file or table it was and why
 */
export async function importBooks(
  { client, schema, ownerRole }: MigratorConnection,
  options: ImportOptions,
): Promise<Manifest> {
  const { source, replace = false } = options;
  const manifest = await source.manifest();
  await compareFiles(manifest, options);
  await endWithItsClient(client);
  const asOwner = `set local role ${id(ownerRole)}; ${printSettings}`;
  if (!replace) await clearTheGround(client, schema, asOwner);
  await client.query('begin');
  try {
    await client.query(asOwner);
    const own = await readBookTables(client, schema);
    await refuseStrange(client, manifest, own);
    const names = own.map(({ name }) => id(name)).join(', ');
    await client.query(replace ? `truncate ${names}` : `lock table ${names} in exclusive mode`);
    const filled = await firstFilled(client, own);
    if (filled === undefined) await readTables(client, manifest, own, options);
    else if (!(await holdsAlready(client, own, manifest, (table) => verify(client, table, () => undefined))))
      throw new OperatorError(`the books are not empty (${filled} has rows): import into a new tenant.`);
    await client.query('commit');
    return manifest;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** Before anything is locked: a damaged file is found in the first minute, and not after an hour of reading. */
async function compareFiles({ tables }: Manifest, { source, onFile }: ImportOptions): Promise<void> {
  if (source.pathOf === undefined) return;
  for (const [at, table] of tables.entries())
    for (const [of, { file, sha256 }] of table.files.entries()) {
      onFile({ ...progressOf(table, at, tables.length), file: of + 1, doing: 'comparing' });
      const found = await digestOf(source.pathOf(file));
      if (found === undefined) throw new OperatorError(`${file} of the export is missing.`);
      if (found !== sha256) throw differs(file);
    }
}

const differs = (file: string): Error =>
  new OperatorError(`${file} is not the file that was exported: its SHA-256 differs from the manifest.`);

const progressOf = ({ name, files }: TableManifest, at: number, tables: number) =>
  ({ table: name, nth: at + 1, tables, files: files.length }) as const;

async function readTables(
  client: pg.Client,
  { tables, format }: Manifest,
  own: readonly BookTable[],
  { source, onFile }: ImportOptions,
): Promise<void> {
  // Parents first as they are here, whatever the order in the manifest.
  const wanted = own.flatMap(({ name }) => tables.filter((table) => table.name === name));
  for (const [at, table] of wanted.entries()) {
    const say = (doing: FileProgress['doing']) => (of: number) =>
      onFile({ ...progressOf(table, at, wanted.length), file: of + 1, doing });
    const came = await copyTable(client, table, source, format, say('reading'));
    if (came !== table.rows)
      throw new OperatorError(`the files of ${table.name} have ${came} rows; the manifest says ${table.rows}.`);
    // Within the transaction: plans of the comparison need it, and of the first requests afterwards.
    await client.query(`analyze ${id(table.name)}`);
    if (!(await verify(client, table, say('verifying'))))
      throw new OperatorError(
        `table ${table.name} does not hold what was exported: its content differs from the manifest.`,
      );
  }
}

/** Whether the rows are those of the table's files, file by file, and no more. */
async function verify(client: pg.Client, table: TableManifest, onFile: (at: number) => void): Promise<boolean> {
  let after: Key | undefined;
  for (const [at, { rows, contentSha256 }] of table.files.entries()) {
    onFile(at);
    const isLast = at === table.files.length - 1;
    const upTo = isLast ? undefined : await keyAfter(client, table, after, rows);
    if (!isLast && upTo === undefined) return false;
    if ((await contentDigest(client, table, { after, upTo })) !== contentSha256) return false;
    after = upTo;
  }
  return true;
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
  for (const { name, rows, files } of tables) {
    const inFiles = files.reduce((sum, file) => sum + file.rows, 0);
    if (inFiles !== rows)
      throw new OperatorError(`the manifest says ${rows} rows of the table ${name}, and ${inFiles} in its files.`);
  }
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

/**
 * All files of a table in one statement: the database's own check looks at what one statement inserts, and the lines of a
 * transaction may lie in two files. Answers how many rows came.
 */
async function copyTable(
  client: pg.Client,
  table: TableManifest,
  source: ExportSource,
  format: ExportFormat,
  onFile: (at: number) => void,
): Promise<number> {
  const bytes = Readable.from(bytesOf(table, source, format, onFile), { objectMode: false });
  if (format !== 'csv') return copyLines(client, table, bytes, { flat: format === 'parquet' });
  const target = `${id(table.name)} (${columnList(table)})`;
  const into = client.query(copyFrom(`copy ${target} from stdin with (format csv)`));
  await pipeline(bytes, into);
  return into.rowCount ?? 0;
}

async function* bytesOf(
  { files }: TableManifest,
  source: ExportSource,
  format: ExportFormat,
  onFile: (at: number) => void,
): AsyncGenerator<Buffer | string> {
  for (const [at, { file, sha256, bytes }] of files.entries()) {
    onFile(at);
    if (format === 'parquet') {
      // Read out of order, so its hash was compared before.
      if (source.pathOf === undefined) throw new OperatorError('a Parquet file is read from a plain folder only.');
      yield* jsonLinesOfParquet(source.pathOf(file));
      continue;
    }
    const measured = new Measured();
    const opened = source.open(file);
    opened.on('error', (error) => measured.destroy(error)).pipe(measured);
    try {
      yield* format === 'csv' ? withoutFirstLine(measured) : measured;
    } finally {
      opened.destroy();
    }
    if (measured.sha256 !== sha256 || measured.bytes !== bytes) throw differs(file);
  }
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
