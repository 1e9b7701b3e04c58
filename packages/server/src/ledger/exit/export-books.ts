import { createHash, createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { MigratorConnection } from '../../postgres/migrator-connection.js';
import { type BookTable, readBookTables } from './book-tables.js';
import type { DoneFile, ExportTarget } from './export-files.js';
import type { ExportFormat, Manifest, TableManifest } from './manifest.js';
import { parquetOf } from './parquet.js';
import { contentDigest, csvOf, jsonLinesOf, Measured, printSettings } from './row-streams.js';

export interface ExportOptions {
  readonly format: ExportFormat;
  readonly target: ExportTarget;
  readonly tenant: { readonly id: string; readonly slug?: string };
  readonly now: () => Date;
  /** Of the installation: with it a broken export goes on with the tables that have not changed since. Without: begins anew. */
  readonly resumeKey?: Buffer;
  readonly onTable: (name: string, nth: number, total: number, kept: boolean) => void;
}

/**
 * All books of a tenant as files, one a table, and a manifest with their hashes. One snapshot: whatever is posted meanwhile,
 * the files agree with each other. The manifest is written last, so what has none is no export.
 * @throws OperatorError when the target holds something else
 */
export async function exportBooks(
  { client, schema, ownerRole }: MigratorConnection,
  options: ExportOptions,
): Promise<Manifest> {
  const { target, format, tenant, now, onTable } = options;
  await client.query('begin transaction isolation level repeatable read read only');
  try {
    await client.query(`set local role ${id(ownerRole)}; ${printSettings}`);
    const { rows } = await client.query<{ version: string }>('select max(id) as version from schema_migration');
    const takenAt = now().toISOString();
    const found = await readBookTables(client, schema);
    const schemaVersion = String(rows[0]?.version);
    const columns = createHash('sha256').update(JSON.stringify(found)).digest('hex');
    const done = await target.begin({ tenantId: tenant.id, format, schemaVersion, columns });
    const tables: TableManifest[] = [];
    for (const [nth, table] of found.entries()) {
      const earlier = done.find(({ file }) => file === fileOf(table, format));
      const kept = earlier && (await keep(client, table, earlier, options));
      onTable(table.name, nth + 1, found.length, kept !== undefined);
      tables.push(kept ?? (await exportTable(client, table, options)));
    }
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

const fileOf = ({ name }: BookTable, format: ExportFormat): string => `${name}.${format}`;

/**
 * A table that a broken export has written and that still is as it was: compared by content in this snapshot, so that all
 * files are of one moment as ever. What has changed is written again.
 */
async function keep(
  client: MigratorConnection['client'],
  table: BookTable,
  done: DoneFile & { readonly stored: { readonly sha256: string } },
  { format, resumeKey }: ExportOptions,
): Promise<TableManifest | undefined> {
  if (resumeKey === undefined) return undefined;
  const contentSha256 = await contentDigest(client, table);
  if (done.check !== checkOf(resumeKey, contentSha256)) return undefined;
  const sha256 = format === 'csv' ? contentSha256 : done.stored.sha256;
  return manifestOf(table, { ...done, sha256, contentSha256 });
}

/** Keyed: beside a sealed file a bare hash of what is in it would let anybody try out guesses. */
function checkOf(key: Buffer, contentSha256: string): string {
  return createHmac('sha256', key).update(`progress of an export ${contentSha256}`).digest('hex');
}

async function exportTable(
  client: MigratorConnection['client'],
  table: BookTable,
  { target, format, resumeKey }: ExportOptions,
): Promise<TableManifest> {
  const file = fileOf(table, format);
  const counted = await client.query<{ rows: number }>(`select count(*)::int8 as rows from ${id(table.name)}`);
  const measured = new Measured();
  await Promise.all([pipeline(bytesOf(client, table, format), measured), target.write(file, measured)]);
  const { sha256, bytes } = measured;
  const contentSha256 = format === 'csv' ? sha256 : await contentDigest(client, table);
  const rows = Number(counted.rows[0]?.rows);
  await target.note({ file, rows, bytes, check: resumeKey === undefined ? '' : checkOf(resumeKey, contentSha256) });
  return manifestOf(table, { file, rows, bytes, sha256, contentSha256 });
}

function manifestOf(
  { name, columns, primaryKey }: BookTable,
  { file, rows, bytes, sha256, contentSha256 }: Omit<TableManifest, 'name' | 'columns' | 'primaryKey'>,
): TableManifest {
  return { name, columns: [...columns], primaryKey: [...primaryKey], file, rows, bytes, sha256, contentSha256 };
}

function bytesOf(client: MigratorConnection['client'], table: BookTable, format: ExportFormat): Readable {
  if (format === 'csv') return csvOf(client, table);
  if (format === 'jsonl') return jsonLinesOf(client, table);
  return Readable.from(parquetOf(jsonLinesOf(client, table, { flat: true }), table.columns));
}
