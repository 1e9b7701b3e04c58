import { createHash, createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { MigratorConnection } from '../../postgres/migrator-connection.js';
import { type BookTable, readBookTables } from './book-tables.js';
import type { ExportTarget, FileProgress } from './export-files.js';
import { type Key, type KeyRange, keyAfter } from './key-ranges.js';
import type { ExportFormat, FileManifest, Manifest, TableManifest } from './manifest.js';
import { parquetOf } from './parquet.js';
import { contentDigest, csvOf, jsonLinesOf, Measured, printSettings } from './row-streams.js';

/** Of operations some 100 MB in CSV: what a killed export loses at most, and what one check of a finished file reads. */
const fileRowsUsually = 200_000;

export interface ExportOptions {
  readonly format: ExportFormat;
  readonly target: ExportTarget;
  readonly tenant: { readonly id: string; readonly slug?: string };
  readonly now: () => Date;
  /** Of the installation: with it a broken export goes on with the files that have not changed since. Without: begins anew. */
  readonly resumeKey?: Buffer;
  /** Rows of a file at most; tests take few. */
  readonly fileRows?: number;
  readonly onFile: (progress: FileProgress) => void;
}

/**
 * All books of a tenant as files, of `fileRows` rows at most each, and a manifest with their hashes. One snapshot: whatever is
 * posted meanwhile, the files agree with each other. The manifest is written last, so what has none is no export.
 * @throws OperatorError when the target holds something else
 */
export async function exportBooks(
  { client, schema, ownerRole }: MigratorConnection,
  options: ExportOptions,
): Promise<Manifest> {
  const { target, format, tenant, now, fileRows = fileRowsUsually } = options;
  await client.query('begin transaction isolation level repeatable read read only');
  try {
    await client.query(`set local role ${id(ownerRole)}; ${printSettings}`);
    const { rows } = await client.query<{ version: string }>('select max(id) as version from schema_migration');
    const takenAt = now().toISOString();
    const found = await readBookTables(client, schema);
    const schemaVersion = String(rows[0]?.version);
    const columns = createHash('sha256').update(JSON.stringify(found)).digest('hex');
    const done = await target.begin({ tenantId: tenant.id, format, schemaVersion, columns, fileRows });
    const run = { ...options, client, done, fileRows, tables: found.length };
    const tables: TableManifest[] = [];
    for (const [at, table] of found.entries()) tables.push(await exportTable(run, table, at + 1));
    const manifest: Manifest = {
      ...{ product: 'cofferdam', kind: 'books', version: 2, format, tenant, takenAt, schemaVersion },
      tables,
    };
    await target.finish(manifest);
    return manifest;
  } finally {
    await client.query('rollback');
  }
}

interface Run extends ExportOptions {
  readonly client: MigratorConnection['client'];
  /** By an earlier run. */
  readonly done: Awaited<ReturnType<ExportTarget['begin']>>;
  readonly fileRows: number;
  readonly tables: number;
}

/**
 * Files are cut by counting rows in the order of the primary key. Ids grow with time, so what is posted between two runs goes
 * into the last file: those before stay what they were.
 */
async function exportTable(run: Run, table: BookTable, nth: number): Promise<TableManifest> {
  const { client, done, fileRows, format, onFile, tables } = run;
  const counted = await client.query<{ rows: number }>(`select count(*)::int8 as rows from ${id(table.name)}`);
  const total = Number(counted.rows[0]?.rows);
  const count = Math.max(1, Math.ceil(total / fileRows));
  const files: FileManifest[] = [];
  let after: Key | undefined;
  for (let at = 1; at <= count; at += 1) {
    const upTo = at === count ? undefined : await keyAfter(client, table, after, fileRows);
    const part: Part = {
      file: fileOf(table, format, at),
      rows: Math.min(fileRows, total - (at - 1) * fileRows),
      range: { after, upTo },
    };
    const earlier = done.find(({ file, rows }) => file === part.file && rows === part.rows);
    const progress = { table: table.name, nth, tables, file: at, files: count };
    if (earlier !== undefined) onFile({ ...progress, doing: 'comparing' });
    const kept = earlier && (await keep(run, table, part, earlier));
    onFile({ ...progress, doing: kept === undefined ? 'writing' : 'keeping' });
    files.push(kept ?? (await writePart(run, table, part)));
    after = upTo;
  }
  const { name, columns, primaryKey } = table;
  return { name, columns: [...columns], primaryKey: [...primaryKey], rows: total, files };
}

interface Part {
  readonly file: string;
  readonly rows: number;
  readonly range: KeyRange;
}

const fileOf = ({ name }: BookTable, format: ExportFormat, nth: number): string =>
  nth === 1 ? `${name}.${format}` : `${name}.${String(nth).padStart(4, '0')}.${format}`;

/**
 * A file that a broken export has written and whose rows still are as they were: compared by content in this snapshot, so that
 * all files are of one moment as ever. What has changed is written again.
 */
async function keep(
  { client, format, resumeKey }: Run,
  table: BookTable,
  { range }: Part,
  { file, rows, bytes, check, stored }: Run['done'][number],
): Promise<FileManifest | undefined> {
  if (resumeKey === undefined) return undefined;
  const contentSha256 = await contentDigest(client, table, range);
  if (check !== checkOf(resumeKey, contentSha256)) return undefined;
  return { file, rows, bytes, sha256: format === 'csv' ? contentSha256 : stored.sha256, contentSha256 };
}

/** Keyed: beside a sealed file a bare hash of what is in it would let anybody try out guesses. */
function checkOf(key: Buffer, contentSha256: string): string {
  return createHmac('sha256', key).update(`progress of an export ${contentSha256}`).digest('hex');
}

async function writePart(
  { client, target, format, resumeKey }: Run,
  table: BookTable,
  { file, rows, range }: Part,
): Promise<FileManifest> {
  const measured = new Measured();
  await Promise.all([pipeline(bytesOf(client, table, format, range), measured), target.write(file, measured)]);
  const { sha256, bytes } = measured;
  const contentSha256 = format === 'csv' ? sha256 : await contentDigest(client, table, range);
  await target.note({ file, rows, bytes, check: resumeKey === undefined ? '' : checkOf(resumeKey, contentSha256) });
  return { file, rows, bytes, sha256, contentSha256 };
}

function bytesOf(
  client: MigratorConnection['client'],
  table: BookTable,
  format: ExportFormat,
  range: KeyRange,
): Readable {
  if (format === 'csv') return csvOf(client, table, range);
  if (format === 'jsonl') return jsonLinesOf(client, table, { range });
  return Readable.from(parquetOf(jsonLinesOf(client, table, { flat: true, range }), table.columns));
}
