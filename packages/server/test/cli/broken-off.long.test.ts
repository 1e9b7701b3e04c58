import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDatabase } from '../../src/postgres/connection-settings.js';
import { openClient } from '../../src/postgres/pool.js';
import { must } from '../isolation/support/books.js';
import {
  digest,
  join as joinWorld,
  type Member,
  openWorld,
  type Resident,
  type World,
} from '../isolation/support/world.js';
import { adminSettings } from '../support/admin.js';
import { type Order, workOn } from './support/books-process.js';

/** `kill -9` in the middle of what takes long, and the same command again. */
let world: World;
const children: ChildProcess[] = [];
let source: Resident;
const folder = mkdtempSync(join(tmpdir(), 'cofferdam-broken-'));
let identity: string;
let recipient: string;

beforeAll(async () => {
  world = await openWorld(['schema']);
  source = world.residents[0] as Resident;
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
});
afterAll(async () => {
  for (const running of children) running.kill('SIGKILL');
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const child = fileURLToPath(new URL('./support/books-process.ts', import.meta.url));

const orderOf = (work: Order['work'], of: Member, directory: string, format: Order['format']): Order => ({
  ...{ environment: world.server.environment, prefix: world.server.names.prefix, tenantId: of.tenant.id },
  ...{ work, folder: directory, format, recipient, identity },
});

/** Begins it in a process of its own; `kill` waits until it is gone. */
function begin(order: Order): { kill(): Promise<void> } {
  const running = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', child, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(running);
  const ended = new Promise((resolve) => running.on('exit', (code, signal) => resolve(signal ?? code)));
  return {
    async kill() {
      running.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
    },
  };
}

/** While held, whoever reads the table waits. */
async function holdTable({ store }: Member, table: string): Promise<{ release(): Promise<void> }> {
  const client: pg.Client = openClient(withDatabase(adminSettings(), store.database), { applicationName: 'test' });
  await client.connect();
  await client.query(`begin; lock table "${store.schema}"."${table}" in access exclusive mode`);
  return { release: () => client.end() };
}

const inodes = (directory: string): Map<string, number> =>
  new Map(readdirSync(directory).map((name) => [name, statSync(join(directory, name)).ino]));

const places = { jsonl: join(folder, 'jsonl'), sealed: join(folder, 'sealed') };

test.each([
  ['export', 'jsonl', 'jsonl', places.jsonl],
  ['backup', 'csv', 'csv.gz.age', places.sealed],
] as const)(
  '%s (%s), killed: no half looks whole; what was written is kept unless it has changed',
  async (work, format, ending, to) => {
    const held = await holdTable(source, 'segment');
    const order = orderOf(work, source, to, format);
    const killed = begin(order);
    const finished = () => (existsSync(to) ? readdirSync(to) : []).filter((name) => name.endsWith(`.${ending}`));
    await expect.poll(finished, { timeout: 60_000, interval: 20 }).toContain(`portfolio.${ending}`);
    await killed.kill();
    await held.release();
    const last = work === 'export' ? 'manifest.json' : 'label.json';
    expect(readdirSync(to)).not.toContain(last);
    const before = inodes(to);

    // Something has changed since, and one file was damaged.
    const { client, books } = source;
    const { path, ids } = books;
    await must(client('PATCH', `${path}/portfolios/${ids.portfolio}`, { name: `later ${ending}` }));
    writeFileSync(join(to, `organization.${ending}`), 'x', { flag: 'a' });
    await workOn(order);
    const after = inodes(to);
    const kept = [...before.keys()].filter((name) => after.get(name) === before.get(name));
    expect(kept).toEqual(expect.arrayContaining([`asset.${ending}`, `transaction.${ending}`]));
    for (const table of ['organization', 'portfolio']) expect(kept).not.toContain(`${table}.${ending}`);
    expect(readdirSync(to)).toContain(last);
    expect(readdirSync(to).filter((name) => name.endsWith('.part') || name === 'progress.json')).toEqual([]);

    // Put together from two runs it is of one moment, and complete: the same books elsewhere.
    const target = await joinWorld(world.server, 'database', 'T');
    await workOn(orderOf(work === 'export' ? 'import' : 'restore', target, to, format));
    expect(await contentOf(target)).toEqual(await contentOf(source));
  },
  150_000,
);

test.each([
  ['import', places.jsonl, 'operation.jsonl'],
  ['restore', places.sealed, 'operation.csv.gz.age'],
] as const)(
  '%s, killed in the middle, has left nothing; given again it ends well',
  async (work, from, name) => {
    const file = join(from, name);
    const target = await joinWorld(world.server, 'schema', 'T');
    const empty = await contentOf(target);
    // A file that never ends: read as a whole once for the comparison with the label, then it waits for more.
    const original = readFileSync(file);
    rmSync(file);
    execFileSync('mkfifo', [file]);
    const order = orderOf(work, target, from, 'csv');
    const killed = begin(order);
    if (work === 'restore') await writeFile(file, original);
    await expect.poll(() => isWriting(target), { timeout: 60_000, interval: 50 }).toBe(true);
    await killed.kill();
    rmSync(file);
    writeFileSync(file, original);
    await expect.poll(() => contentOf(target), { timeout: 10_000 }).toEqual(empty);

    await workOn(order);
    expect((await contentOf(target))['operation']).not.toEqual(empty['operation']);
  },
  150_000,
);

/** In a transaction that has written, and waits for the next bytes. */
async function isWriting({ store }: Member): Promise<boolean> {
  const client = openClient(adminSettings(), { applicationName: 'test' });
  await client.connect();
  const { rowCount } = await client
    .query(
      `select from pg_stat_activity where usename = $1 || '_migrator' and backend_xid is not null and query ~* '^copy ("operation"|import_line)'`,
      [store.username],
    )
    .finally(() => client.end());
  return rowCount === 1;
}

async function contentOf(member: Member): Promise<Record<string, string>> {
  const tables = Object.entries(await digest(member)).map(
    ([name, sum]) => [name.slice(name.indexOf('.') + 1), sum] as const,
  );
  return Object.fromEntries(tables.filter(([name]) => name !== 'outbox' && name !== 'schema_migration'));
}
