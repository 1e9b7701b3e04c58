import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { BookStore } from './book-store.js';
import { type BookTable, readBookTables } from './book-tables.js';
import { type ExportFormat, type Manifest, manifestFile, type TableManifest } from './manifest.js';
import { writeParquet } from './parquet.js';
import { contentDigest, csvOf, jsonLinesOf, Measured, printSettings } from './row-streams.js';

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Made when missing; refused when it holds anything but an export that was broken off. */
  readonly directory: string;
  readonly tenant: { readonly id: string; readonly slug?: string };
  readonly now: () => Date;
  readonly onTable: (name: string, nth: number, total: number) => void;
}

/**
 * All books of a tenant as files, one a table, and a manifest with their hashes. One snapshot: whatever is posted meanwhile,
 * the files agree with each other. The manifest is written last, so a folder without one is no export.
 * @throws Error when the folder holds something else
 */
export async function exportBooks({ client, schema, ownerRole }: BookStore, options: ExportOptions): Promise<Manifest> {
  const { directory, format, tenant, now, onTable } = options;
  await emptyFolder(directory);
  await client.query('begin transaction isolation level repeatable read read only');
  try {
    await client.query(`set local role ${id(ownerRole)}; ${printSettings}`);
    const { rows } = await client.query<{ version: string }>('select max(id) as version from schema_migration');
    const takenAt = now().toISOString();
    const found = await readBookTables(client, schema);
    const tables: TableManifest[] = [];
    for (const [nth, table] of found.entries()) {
      onTable(table.name, nth + 1, found.length);
      tables.push(await exportTable(client, table, directory, format));
    }
    const schemaVersion = String(rows[0]?.version);
    const manifest: Manifest = {
      ...{ product: 'cofferdam', kind: 'books', version: 1, format, tenant, takenAt, schemaVersion },
      tables,
    };
    const draft = join(directory, `${manifestFile}.part`);
    await writeFile(draft, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flush: true });
    await rename(draft, join(directory, manifestFile));
    return manifest;
  } finally {
    await client.query('rollback');
  }
}

async function exportTable(
  client: BookStore['client'],
  table: BookTable,
  directory: string,
  format: ExportFormat,
): Promise<TableManifest> {
  const file = `${table.name}.${format}`;
  const path = join(directory, file);
  const counted = await client.query<{ rows: number }>(`select count(*)::int8 as rows from ${id(table.name)}`);
  const measured = new Measured();
  const write = (rows: Readable): Promise<void> =>
    pipeline(rows, measured, createWriteStream(path, { mode: 0o600, flush: true }));
  if (format === 'csv') await write(csvOf(client, table));
  if (format === 'jsonl') await write(jsonLinesOf(client, table));
  if (format === 'parquet') {
    await writeParquet(jsonLinesOf(client, table, { flat: true }), path, table.columns);
    await pipeline(createReadStream(path), measured, new PassThrough().resume());
  }
  const sha256 = measured.sha256;
  return {
    ...table,
    columns: [...table.columns],
    primaryKey: [...table.primaryKey],
    file,
    rows: Number(counted.rows[0]?.rows),
    bytes: measured.bytes,
    sha256,
    contentSha256: format === 'csv' ? sha256 : await contentDigest(client, table),
  };
}

async function emptyFolder(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = await readdir(directory);
  const strange = names.find((name) => !/^[a-z_]+\.(csv|jsonl|parquet|json\.part)$/.test(name));
  if (strange === manifestFile) throw new Error(`${directory} holds a complete export: choose another folder.`);
  if (strange !== undefined) throw new Error(`${directory} holds ${strange}: choose an empty folder.`);
  for (const name of names) await rm(join(directory, name));
}
