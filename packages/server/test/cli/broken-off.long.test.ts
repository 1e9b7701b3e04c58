import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { must, transfer } from '../isolation/support/books.js';
import {
  digest,
  join as joinWorld,
  type Member,
  openWorld,
  type Resident,
  type World,
} from '../isolation/support/world.js';
import { adminSettings, asAdmin } from '../support/admin.js';
import { connectionOf } from '../support/embedded-connection.js';
import { Program, temporaryDataFolder } from '../support/program.js';
import { call, ownerPassword } from '../support/server.js';
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
function begin(order: Order): { kill(): Promise<void>; killed(): Promise<void> } {
  const running = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', child, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(running);
  const ended = new Promise((resolve) => running.on('exit', (code, signal) => resolve(signal ?? code)));
  const killed = async () => expect(await ended).toBe('SIGKILL');
  return {
    killed,
    kill() {
      running.kill('SIGKILL');
      return killed();
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

/** Which file stands under each name: with its time, since a disk gives the number of a removed one to the next. */
const identities = (directory: string): Map<string, string> =>
  new Map(
    readdirSync(directory).map((name) => {
      const { ino, mtimeNs } = statSync(join(directory, name), { bigint: true });
      return [name, `${ino} ${mtimeNs}`];
    }),
  );

const places = { jsonl: join(folder, 'jsonl'), sealed: join(folder, 'sealed') };

test.each([
  ['export', 'jsonl', 'jsonl', places.jsonl],
  ['backup', 'csv', 'csv.gz.age', places.sealed],
] as const)(
  '%s (%s), killed: no half looks whole; what was written is kept unless it has changed',
  async (work, format, ending, to) => {
    const { client, books } = source;
    const { path, ids, otherAlias } = books;
    const order = { ...orderOf(work, source, to, format), fileRows: 1 };
    const last = work === 'export' ? 'manifest.json' : 'label.json';
    rmSync(to, { recursive: true, force: true }); // of an earlier try
    // In the middle of a table of many files, while it is posted to.
    await begin({ ...order, dieAt: { table: 'operation', file: 3 } }).killed();
    expect(readdirSync(to)).not.toContain(last);
    const first = identities(to);
    expect([...first.keys()].filter((name) => name.startsWith('operation.')).sort()).toEqual(
      [`operation.0002.${ending}`, `operation.${ending}`].sort(),
    );
    const body = { ...transfer(ids.assetCode, '0.5', ids.alias, otherAlias), description: `meanwhile ${work}` };
    await must(client('POST', `${path}/transactions/json`, body));

    const held = await holdTable(source, 'segment');
    const killed = begin(order);
    const finished = () => (existsSync(to) ? readdirSync(to) : []).filter((name) => name.endsWith(`.${ending}`));
    try {
      await expect.poll(finished, { timeout: 60_000, interval: 20 }).toContain(`portfolio.${ending}`);
    } finally {
      await killed.kill();
      await held.release();
    }
    expect(readdirSync(to)).not.toContain(last);
    const before = identities(to);
    for (const name of [`operation.${ending}`, `operation.0002.${ending}`])
      expect(before.get(name), name).toBe(first.get(name));

    // Something has changed since, and one file was damaged.
    await must(client('PATCH', `${path}/portfolios/${ids.portfolio}`, { name: `later ${ending}` }));
    writeFileSync(join(to, `organization.${ending}`), 'x', { flag: 'a' });
    await workOn(order);
    const after = identities(to);
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
  300_000,
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
    // A file that never ends: read as a whole once for the comparison with label or manifest, then it waits for more.
    // A pipe that a try left which hangs would hold up this whole process, time limits and all.
    expect(statSync(file).isFile()).toBe(true);
    const original = readFileSync(file);
    const order = orderOf(work, target, from, 'csv');
    try {
      rmSync(file);
      execFileSync('mkfifo', [file]);
      const killed = begin(order);
      await writeFile(file, original);
      await expect.poll(() => isWriting(target), { timeout: 60_000, interval: 50 }).toBe(true);
      await killed.kill();
    } finally {
      // Another try would wait for ever for what the pipe holds.
      rmSync(file, { force: true });
      writeFileSync(file, original);
    }
    await expect.poll(() => contentOf(target), { timeout: 30_000 }).toEqual(empty);

    // Killed a second time, in the last moment: it is committed, and nobody was told.
    await begin({ ...order, dieAt: 'committed' }).killed();
    const whole = await contentOf(target);
    expect(whole['operation']).not.toEqual(empty['operation']);
    expect(await firstPlace(target, 'idempotency_key'), 'room of what was undone').toBe('(0,1)');
    await workOn(order);
    expect(await contentOf(target)).toEqual(whole);
  },
  300_000,
);

/** Where the first row of a table lies: behind rows that were undone, if nobody has given their room back. */
async function firstPlace({ store }: Member, table: string): Promise<string | undefined> {
  return asAdmin(async (admin) => {
    const { rows } = await admin.query<{ place: string }>(
      `select min(ctid)::text as place from "${store.schema}"."${table}"`,
    );
    return rows[0]?.place;
  }, store.database);
}

test('a purge, killed with the server and whoever waits for it, goes on at the next start; the same command tells the end', async () => {
  const data = temporaryDataFolder();
  const environment = {
    ...{ COFFERDAM_DATA_DIR: data.path, MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' },
    ...{ LOG_LEVEL: 'info', TENANT_MANAGER_API_KEY: 'test-operator-key-0123456789', TENANT_SPARES: '0' },
  };
  const programs: Program[] = [];
  const start = (args: string[]): Program => {
    const program = new Program(args, { environment });
    programs.push(program);
    return program;
  };
  let holder: pg.Client | undefined;
  try {
    const server = start(['serve']);
    const { tenants } = await server.serving();
    const operate = (method: string, path: string, body?: object) =>
      call(tenants, method, path, { body, headers: { 'x-api-key': environment.TENANT_MANAGER_API_KEY } });
    const owner = { email: 'owner@example.com', password: ownerPassword };
    const { id } = (await operate('POST', '/v1/tenants', { name: 'Bank', slug: 'bank', isolation: 'schema', owner }))
      .body;
    const schema = `t_${id.replaceAll('-', '')}`;
    const postgres = connectionOf(join(data.path, 'postgres'));
    const [watcher, holding] = [1, 2].map(() =>
      openClient(withDatabase(postgres, 'cofferdam_tenants'), { applicationName: 'test' }),
    ) as [pg.Client, pg.Client];
    holder = holding;
    await Promise.all([watcher.connect(), holding.connect()]);
    await holding.query(`begin; lock table "${schema}".segment in access exclusive mode`);
    expect((await operate('PUT', `/v1/tenants/${id}/suspend`)).status).toBe(200);
    expect((await operate('DELETE', `/v1/tenants/${id}`)).status).toBeLessThan(300);
    // It has begun, and counts what it is about to destroy.
    const counting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = 'cofferdam_tenants'`;
    await expect.poll(async () => (await watcher.query(counting)).rowCount, { timeout: 20_000 }).toBeGreaterThan(0);
    await watcher.end();
    const follow = ['tenants', 'purge-report', id, '--follow', '--url'];
    const follower = start([...follow, tenants]);
    // It says what it waits for.
    if (follower.child.stderr !== null) await once(follower.child.stderr, 'data');
    server.child.kill('SIGKILL');
    follower.child.kill('SIGKILL');
    await Promise.all([server.finished, follower.finished]);
    await holding.end();

    const again = await start(['serve']).serving();
    const { code, stdout, stderr } = await start([...follow, again.tenants]).finished;
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(new RegExp(`destroyed .*${schema}\\.segment .*0`));
  } finally {
    await holder?.end();
    for (const program of programs.reverse()) await program.stop();
    data.remove();
  }
}, 120_000);

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
