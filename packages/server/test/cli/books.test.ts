import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenBooks } from '../../src/cli/parts/books.js';
import { type RestoreOptions, restoreBooks } from '../../src/cli/restore-books.js';
import { auditBooks } from '../../src/ledger/audit/audit-books.js';
import { exportBooks } from '../../src/ledger/exit/export-books.js';
import { importBooks } from '../../src/ledger/exit/import-books.js';
import { exportFormats, type Manifest } from '../../src/ledger/exit/manifest.js';
import { plainFolder } from '../../src/ledger/exit/plain-folder.js';
import { readLabel, sealedTarget } from '../../src/ledger/exit/sealed-folder.js';
import { must, transfer } from '../isolation/support/books.js';
import { digest, join as joinWorld, type Member, openWorld, type World } from '../isolation/support/world.js';
import { openBooksOf } from '../support/open-books.js';

let world: World;
const folder = mkdtempSync(join(tmpdir(), 'cofferdam-books-'));
const now = () => new Date();
const odd = `"quoted", 'single' \\back\\slash \\. ; line\nend\ttab – ünïcode 𝄞 \u2028 {"a":1}`;
const key = 'an idempotency key';

beforeAll(async () => {
  world = await openWorld(['database', 'schema']);
  for (const { client, books } of world.residents) {
    const { path, ids } = books;
    await must(
      client('PATCH', `${path}/accounts/${ids.account}`, { name: odd, metadata: { odd, large: '1e40', yes: true } }),
    );
    const body = transfer(ids.assetCode, '0.00000000000000000001', ids.alias, books.otherAlias, {
      description: odd.slice(0, 200),
    });
    await must(client('POST', `${path}/transactions/json`, body, { headers: { 'x-idempotency': key } }));
  }
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const withBooks = <T>(id: string, work: (books: OpenBooks) => Promise<T>): Promise<T> =>
  openBooksOf(world.server, id, work);

const imported = (into: Member, directory: string): Promise<Manifest> =>
  withBooks(into.tenant.id, async ({ store, context }) => {
    const manifest = await importBooks(store, { source: plainFolder(directory), onFile: quiet });
    expect(await auditBooks(context, quiet)).toEqual([]);
    return manifest;
  });
const quiet = () => undefined;

/** All but what belongs to a place and not to the books. */
async function contentOf(member: Member): Promise<Record<string, string>> {
  const all = Object.entries(await digest(member));
  return Object.fromEntries(
    all
      .map(([name, sum]) => [name.slice(name.indexOf('.') + 1), sum] as const)
      .filter(([name]) => name !== 'outbox' && name !== 'schema_migration'),
  );
}

async function exported(of: Member, format: Manifest['format'], fileRows = 200_000): Promise<string> {
  const directory = join(folder, `${of.tenant.id}-${format}-${newId()}`);
  await withBooks(of.tenant.id, ({ store, tenant }) =>
    exportBooks(store, { target: plainFolder(directory), format, tenant, now, fileRows, onFile: quiet }),
  );
  return directory;
}

test.each(exportFormats)(
  'books leave as %s and are the same books elsewhere, in the other isolation mode',
  async (format) => {
    for (const [at, source] of world.residents.entries()) {
      // Of the two, one in many files: the lines of a transaction lie in two of them, too.
      const directory = await exported(source, format, at === 0 ? 1 : undefined);
      const target = await joinWorld(world.server, at === 0 ? 'schema' : 'database', 'T');
      const manifest = await imported(target, directory);
      const { files = [], rows } = manifest.tables.find(({ name }) => name === 'operation') ?? {};
      expect(files.map(({ rows: each }) => each).reduce((sum, each) => sum + each, 0)).toBe(rows);
      if (at === 0) {
        expect(files.length).toBeGreaterThan(2);
        expect(files.slice(0, 2).map(({ file }) => file)).toEqual([`operation.${format}`, `operation.0002.${format}`]);
      } else expect(files).toHaveLength(1);
      expect(await contentOf(target)).toEqual(await contentOf(source));

      // Through the API: the same answers, and a key that was used is still used.
      const { path, ids, organizationPath } = source.books;
      for (const url of [organizationPath, `${path}/accounts`, `${path}/balances`, `${path}/transactions?limit=100`]) {
        const [there, here] = [await target.client('GET', url), await source.client('GET', url)];
        expect([there.status, there.text]).toEqual([200, here.text]);
      }
      const body = transfer(ids.assetCode, '0.00000000000000000001', ids.alias, source.books.otherAlias, {
        description: odd.slice(0, 200),
      });
      const again = await target.client('POST', `${path}/transactions/json`, body, {
        headers: { 'x-idempotency': key },
      });
      expect(again.headers.get('x-idempotency-replayed')).toBe('true');
      const next = await target.client('POST', `${path}/transactions/json`, { ...body, description: 'next' });
      expect(next.status, next.text).toBe(201);
    }
  },
);

test('an export under load is of one moment: its books pass the audit elsewhere', async () => {
  const [source] = world.residents as [World['residents'][number]];
  const { path, ids, otherAlias } = source.books;
  let posting = true;
  let posted = 0;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (posting) {
        const body = transfer(ids.assetCode, '0.01', ids.alias, otherAlias, { description: newId() });
        await must(source.client('POST', `${path}/transactions/json`, body));
        posted += 1;
      }
    }),
  );
  while (posted < 20) await new Promise((resolve) => setTimeout(resolve, 5));
  const directory = await exported(source, 'jsonl');
  posting = false;
  await load;
  const target = await joinWorld(world.server, 'database', 'T');
  await imported(target, directory);
});

test('an import of what was not exported so is refused whole, and says what', async () => {
  const [source] = world.residents as [World['residents'][number]];
  const target = await joinWorld(world.server, 'schema', 'T');
  const before = await contentOf(target);
  const directory = await exported(source, 'csv');
  const path = (name: string) => join(directory, name);
  const original = new Map(
    ['manifest.json', 'operation.csv', 'account.csv'].map((name) => [name, readFileSync(path(name), 'utf8')]),
  );
  const refused = async (message: RegExp): Promise<void> => {
    await expect(imported(target, directory)).rejects.toThrow(message);
    expect(await contentOf(target)).toEqual(before);
    for (const [name, text] of original) writeFileSync(path(name), text);
  };
  const editManifest = (edit: (manifest: Manifest) => void): void => {
    const manifest = JSON.parse(original.get('manifest.json') as string) as Manifest;
    edit(manifest);
    writeFileSync(path('manifest.json'), JSON.stringify(manifest));
  };

  const fileOf = ({ tables }: Manifest, table: string) =>
    tables.find(({ name }) => name === table)?.files[0] as Manifest['tables'][number]['files'][number];
  const edited = (original.get('operation.csv') as string).replace(
    /,0\.00000000000000000001,/,
    ',0.00000000000000000002,',
  );
  writeFileSync(path('operation.csv'), edited);
  await refused(/operation\.csv is not the file that was exported/);
  // The first line taken out, and the hashes in the manifest with it: the books no longer balance, says the database.
  const lines = (original.get('operation.csv') as string).trimEnd().split('\n');
  const shortened = `${[lines[0], ...lines.slice(2)].join('\n')}\n`;
  const sha256 = createHash('sha256').update(shortened).digest('hex');
  writeFileSync(path('operation.csv'), shortened);
  const bytes = Buffer.byteLength(shortened);
  editManifest((manifest) => Object.assign(fileOf(manifest, 'operation'), { bytes, sha256, contentSha256: sha256 }));
  await refused(/operations of transaction .* do not balance/);
  appendFileSync(path('account.csv'), 'x');
  await refused(/account\.csv is not the file/);
  rmSync(path('account.csv'));
  await refused(/account\.csv/);
  editManifest((manifest) => Object.assign(fileOf(manifest, 'account'), { contentSha256: '0'.repeat(64) }));
  await refused(/table account does not hold what was exported/);
  editManifest((manifest) => Object.assign(manifest, { schemaVersion: '9999_future' }));
  await refused(/upgrade first/);
  editManifest((manifest) => Object.assign(fileOf(manifest, 'account'), { file: '../account.csv' }));
  await refused(/manifest\.json is not of an export/);
  // Half of the books must not look like all of them.
  editManifest((manifest) =>
    Object.assign(manifest, { tables: manifest.tables.filter(({ name }) => name !== 'segment') }),
  );
  await refused(/leaves out the table segment/);
  editManifest(({ tables }) => tables.find(({ name }) => name === 'account')?.columns.pop());
  await refused(/leaves out account\.deleted_at/);
  editManifest(({ tables }) => tables.push({ ...(tables[0] as Manifest['tables'][number]) }));
  await refused(/twice/);
  const isOperation = ({ name }: Manifest['tables'][number]) => name === 'operation';
  editManifest(({ tables }) => Object.assign(tables.find(isOperation) ?? {}, { rows: 1_000_000 }));
  await refused(/says 1000000 rows of the table operation, and \d+ in its files/);
  editManifest((manifest) => {
    Object.assign(manifest.tables.find(isOperation) ?? {}, { rows: 1_000_000 });
    Object.assign(fileOf(manifest, 'operation'), { rows: 1_000_000 });
  });
  await refused(/files of operation have \d+ rows; the manifest says 1000000/);
  writeFileSync(path('manifest.json'), '{"product":');
  await refused(/not JSON/);

  await imported(target, directory);
  // Given again, as after a kill in the last moment, it finds them there; others are refused.
  const there = await contentOf(target);
  await imported(target, directory);
  expect(await contentOf(target)).toEqual(there);
  const { path: ledger } = source.books;
  await must(target.client('POST', `${ledger}/segments`, { name: 'later' }));
  await expect(imported(target, directory)).rejects.toThrow(/not empty/);
});

test('a Parquet file that was cut is not even read', async () => {
  const [source] = world.residents as [World['residents'][number]];
  const target = await joinWorld(world.server, 'schema', 'T');
  const directory = await exported(source, 'parquet');
  const file = join(directory, 'operation.parquet');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length >> 1));
  await expect(imported(target, directory)).rejects.toThrow(/operation\.parquet is not the file that was exported/);
});

test('an export of an earlier version, one file a table and its hashes beside the name, is read', async () => {
  const [source] = world.residents as [World['residents'][number]];
  const directory = await exported(source, 'jsonl');
  const file = join(directory, 'manifest.json');
  const { tables, ...manifest } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  const before = tables.map(({ files, rows: _, ...table }) => ({ ...table, ...files[0] }));
  writeFileSync(file, JSON.stringify({ ...manifest, version: 1, tables: before }));
  const target = await joinWorld(world.server, 'schema', 'T');
  await imported(target, directory);
  expect(await contentOf(target)).toEqual(await contentOf(source));
});

test('a folder that holds something else is not exported into; what a broken export left is replaced', async () => {
  const [source] = world.residents as [World['residents'][number]];
  const directory = await exported(source, 'csv');
  const once = (into: string): Promise<Manifest> =>
    withBooks(source.tenant.id, ({ store, tenant }) =>
      exportBooks(store, { target: plainFolder(into), format: 'csv', tenant, now, onFile: quiet }),
    );
  await expect(once(directory)).rejects.toThrow(/complete already/);
  rmSync(join(directory, 'manifest.json'));
  expect((await once(directory)).tables.length).toBeGreaterThan(10);
  const other = mkdtempSync(join(folder, 'other-'));
  writeFileSync(join(other, 'notes.txt'), 'mine');
  await expect(once(other)).rejects.toThrow(/notes\.txt/);
  await expect(withBooks(newId(), async () => undefined)).rejects.toThrow(/no tenant/);
});

test('a backup is sealed, restored into its own tenant or a new one, and refused by any other', async () => {
  const [source, other] = world.residents as [World['residents'][number], World['residents'][number]];
  const identity = await generateIdentity();
  const from = join(folder, `backup-${newId()}`);
  const target = sealedTarget(from, [await identityToRecipient(identity)]);
  const taken = await contentOf(source);
  await withBooks(source.tenant.id, ({ store, tenant }) =>
    exportBooks(store, { target, format: 'csv', tenant, now, onFile: quiet }),
  );
  const label = await readLabel(from);
  expect(label.tenant).toEqual({ id: source.tenant.id, slug: source.tenant.slug });
  // Nothing of the books is readable, names of tables apart.
  for (const { file } of label.files) {
    const bytes = readFileSync(join(from, file));
    expect(bytes.toString('latin1')).toMatch(/^age-encryption\.org\/v1\n/);
    expect(bytes.includes(source.books.marker)).toBe(false);
  }

  const progress = { say: quiet };
  const restore = (into: Member, more: Partial<RestoreOptions> = {}): Promise<void> =>
    withBooks(into.tenant.id, (books) =>
      restoreBooks({ ...books, progress }, { from, label, identity, replace: false, asNew: false, ...more }),
    );
  const { path, ids, otherAlias } = source.books;
  const later = { ...transfer(ids.assetCode, '0.5', ids.alias, otherAlias), description: 'after the backup' };
  await must(source.client('POST', `${path}/transactions/json`, later));
  const [before, elsewhere] = [await contentOf(source), await contentOf(other)];
  await expect(restore(other)).rejects.toThrow(/is of tenant/);
  await expect(restore(other, { asNew: true })).rejects.toThrow(/not empty/);
  await expect(restore(other, { asNew: true, replace: true })).rejects.toThrow(/nothing to --replace/);
  await expect(restore(source)).rejects.toThrow(/not empty/);
  await expect(restore(source, { replace: true })).rejects.toThrow(/is active: suspend it first/);
  const operate = (verb: string) => world.server.operate('PUT', `/v1/tenants/${source.tenant.id}/${verb}`);
  expect((await operate('suspend')).status).toBe(200);
  await expect(restore(source, { replace: true, identity: await generateIdentity() })).rejects.toThrow(
    /cannot be opened/,
  );
  const file = join(from, 'operation.csv.gz.age');
  const sealed = readFileSync(file);
  writeFileSync(file, sealed.subarray(0, -1));
  await expect(restore(source, { replace: true })).rejects.toThrow(/not as they were written: operation/);
  writeFileSync(file, sealed);
  const forged = { ...label, tenant: { id: other.tenant.id } };
  writeFileSync(join(from, 'label.json'), JSON.stringify(forged));
  await expect(restore(other, { label: forged, asNew: true })).rejects.toThrow(/another tenant|not empty/);
  writeFileSync(join(from, 'label.json'), JSON.stringify(label));
  expect(await contentOf(source)).toEqual(before);
  expect(await contentOf(other)).toEqual(elsewhere);

  await restore(source, { replace: true });
  expect(await contentOf(source)).toEqual(taken);
  expect((await operate('reactivate')).status).toBe(200);
  const fresh = await joinWorld(world.server, 'schema', 'N');
  await restore(fresh, { asNew: true });
  expect(await contentOf(fresh)).toEqual(taken);
});
