import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { BookStore } from './book-store.js';
import { type BookTable, readBookTables } from './book-tables.js';
import type { ExportTarget } from './export-files.js';
import type { ExportFormat, Manifest, TableManifest } from './manifest.js';
import { parquetOf } from './parquet.js';
import { contentDigest, csvOf, jsonLinesOf, Measured, printSettings } from './row-streams.js';

export interface ExportOptions {
  readonly format: ExportFormat;
  readonly target: ExportTarget;
  readonly tenant: { readonly id: string; readonly slug?: string };
  readonly now: () => Date;
  readonly onTable: (name: string, nth: number, total: number) => void;
}

/**
 * All books of a tenant as files, one a table, and a manifest with their hashes. One snapshot: whatever is posted meanwhile,
 * the files agree with each other. The manifest is written last, so what has none is no export.
 * @throws Error when the target holds something else
 */
export async function exportBooks({ client, schema, ownerRole }: BookStore, options: ExportOptions): Promise<Manifest> {
  const { target, format, tenant, now, onTable } = options;
  await target.begin();
  await client.query('begin transaction isolation level repeatable read read only');
  try {
    await client.query(`set local role ${id(ownerRole)}; ${printSettings}`);
    const { rows } = await client.query<{ version: string }>('select max(id) as version from schema_migration');
    const takenAt = now().toISOString();
    const found = await readBookTables(client, schema);
    const tables: TableManifest[] = [];
    for (const [nth, table] of found.entries()) {
      onTable(table.name, nth + 1, found.length);
      tables.push(await exportTable(client, table, target, format));
    }
    const schemaVersion = String(rows[0]?.version);
    const manifest: Manifest = {
      ...{ product: 'cofferdam', kind: 'books', version: 1, format, tenant, takenAt, schemaVersion },
      tables,
    };
    await target.finish(manifest);
    return manifest;
  } finally {
    await client.query('rollback');
  }
}

async function exportTable(
  client: BookStore['client'],
  table: BookTable,
  target: ExportTarget,
  format: ExportFormat,
): Promise<TableManifest> {
  const file = `${table.name}.${format}`;
  const counted = await client.query<{ rows: number }>(`select count(*)::int8 as rows from ${id(table.name)}`);
  const measured = new Measured();
  await Promise.all([pipeline(bytesOf(client, table, format), measured), target.write(file, measured)]);
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

function bytesOf(client: BookStore['client'], table: BookTable, format: ExportFormat): Readable {
  if (format === 'csv') return csvOf(client, table);
  if (format === 'jsonl') return jsonLinesOf(client, table);
  return Readable.from(parquetOf(jsonLinesOf(client, table, { flat: true }), table.columns));
}
