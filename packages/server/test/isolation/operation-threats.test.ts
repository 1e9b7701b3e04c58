import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doubtsAbout, readConfig } from '../../src/config.js';
import { parseDatabaseUrl, toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { quoteIdentifier as id } from '../../src/postgres/identifiers.js';
import { openClient } from '../../src/postgres/pool.js';
import { asAdmin } from '../support/admin.js';
import { leg, must, transfer } from './support/books.js';
import { digest, meetings, openWorld, type Resident, underLogin, type World } from './support/world.js';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-log-'));
const logFile = join(folder, 'log');

let world: World;
beforeAll(async () => {
  world = await openWorld(undefined, { TEST_LOG_FILE: logFile });
});
afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const resident = (at: number) => world.residents[at] as Resident;
const inflow = (books: Resident['books'], value: string, description: string) => ({
  description,
  send: { asset: books.ids.assetCode, value, distribute: { to: [leg(books.otherAlias, books.ids.assetCode, value)] } },
});

test('X-26: what is to be published lies in the tenant’s own store, and no other login can read or replay it', async () => {
  for (const [own, other] of meetings(world.residents)) {
    await must(own.client('POST', `${own.books.path}/transactions/inflow`, inflow(own.books, '1', own.books.marker)));
    const rows = await asAdmin(
      async (admin) =>
        (await admin.query(`select row_to_json(o)::text as row from ${id(own.store.schema)}.outbox o`)).rows,
      own.store.database,
    );
    const text = JSON.stringify(rows);
    expect(rows.length).toBeGreaterThan(0);
    expect(text).not.toContain(other.books.marker);
    expect(text).not.toContain(other.books.ids.ledger);
    const place = own.store.database === other.store.database ? {} : { database: own.store.database };
    for (const statement of ['select', 'delete from'])
      expect(
        await underLogin(
          other,
          [`${statement === 'select' ? 'select * from' : statement} ${id(own.store.schema)}.outbox`],
          place,
        ),
      ).toMatch(/^(42501|28000)$/);
  }
});

describe('X-28: the store of one tenant under the name of another, as after a restore into the wrong place', () => {
  test.each([
    ['database', 0, 1],
    ['schema', 2, 3],
  ] as const)(
    '%s: refused with 503, never served',
    async (isolation, first, second) => {
      const [a, b] = [resident(first), resident(second)];
      const places = isolation === 'database' ? [a.store.database, b.store.database] : [a.store.schema, b.store.schema];
      const swap = () => exchange(isolation, places as [string, string], a.store.database);
      await setServed([a, b], false);
      await swap();
      await setServed([a, b], true);
      try {
        for (const [own, other] of [
          [a, b],
          [b, a],
        ] as const) {
          const { status, body, text } = await own.client('GET', '/v1/organizations');
          expect({ status, code: body.code }).toEqual({ status: 503, code: '0161' });
          expect(text).not.toContain(other.books.marker);
        }
      } finally {
        await setServed([a, b], false);
        await swap();
        await setServed([a, b], true);
      }
      for (const { client, books } of [a, b])
        await expect
          .poll(async () => (await client('GET', '/v1/organizations')).text, { timeout: 15_000 })
          .toContain(books.marker);
      // Through a pooler each exchange waits until its idle connections have gone.
    },
    60_000,
  );

  async function setServed(residents: readonly Resident[], served: boolean): Promise<void> {
    for (const { tenant } of residents)
      await must(world.server.operate('PUT', `/v1/tenants/${tenant.id}/${served ? 'reactivate' : 'suspend'}`));
    for (const { client } of residents)
      await expect
        .poll(async () => (await client('GET', '/v1/organizations')).status === 403, { timeout: 15_000 })
        .toBe(!served);
  }

  async function exchange(isolation: 'database' | 'schema', [one, two]: [string, string], shared: string) {
    const kind = isolation === 'database' ? 'database' : 'schema';
    await asAdmin(
      async (admin) => {
        if (kind === 'database')
          await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = any ($1)', [
            [one, two],
          ]);
        for (const [from, to] of [
          [one, 'exchanged'],
          [two, one],
          ['exchanged', two],
        ] as [string, string][])
          await renamed(admin, `alter ${kind} ${id(from)} rename to ${id(to)}`);
      },
      isolation === 'database' ? undefined : shared,
    );
  }

  /** Somebody may still be leaving the database. */
  async function renamed(admin: pg.PoolClient, statement: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await admin.query(statement);
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== '55006' || attempt === 20) throw error;
        await delay(100);
      }
    }
  }
});

test('X-30: operators and prototypes in metadata stay text, and pollute nothing', async () => {
  for (const [own, other] of meetings(world.residents)) {
    const before = await digest(other);
    const { path, ids } = own.books;
    for (const metadata of [
      '{"$where":"1"}',
      '{"x":{"$gt":""}}',
      '{"__proto__":{"polluted":true}}',
      '{"constructor":"x"}',
      '{"a":["x"]}',
      '{"toString":"x"}',
    ]) {
      const { status } = await own.client('PATCH', `${path}/accounts/${ids.account}`, `{"metadata":${metadata}}`);
      expect([200, 400], metadata).toContain(status);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    for (const query of [
      'metadata.$where=1',
      'metadata.__proto__=x',
      'metadata[$ne]=x',
      "metadata.x'=1",
      'metadata.constructor=x',
    ])
      for (const list of [`${path}/accounts`, '/v1/organizations', `${path}/transactions`]) {
        const { status, text } = await own.client('GET', `${list}?${query}`);
        expect(status, query).toBeLessThan(500);
        expect(text).not.toContain(other.books.marker);
      }
    expect(await digest(other)).toEqual(before);
  }
});

test('X-40: a tenant whose store stands still keeps nobody else waiting; its logins have limits', async () => {
  for (const [stuck, other] of meetings(world.residents)) {
    const { database, schema } = stuck.store;
    await asAdmin(async (holder) => {
      await holder.query(`begin; lock table ${id(schema)}.balance in access exclusive mode`);
      const waiting = Array.from({ length: 12 }, (_, at) =>
        stuck.client('POST', `${stuck.books.path}/transactions/inflow`, inflow(stuck.books, '1', `stuck ${at}`)),
      );
      await delay(50);
      const start = performance.now();
      for (let turn = 0; turn < 3; turn += 1)
        await must(other.client('POST', `${other.books.path}/transactions/inflow`, inflow(other.books, '1', 'free')));
      expect(performance.now() - start).toBeLessThan(3_000);
      await holder.query('rollback');
      for (const answer of await Promise.all(waiting)) expect([201, 429, 503]).toContain(answer.status);
    }, database);
    const { rows } = await asAdmin((admin) =>
      admin.query<{ limit: number; config: string[] }>(
        'select rolconnlimit as limit, rolconfig as config from pg_roles where rolname = $1',
        [stuck.store.username],
      ),
    );
    expect(rows[0]?.limit).toBeGreaterThan(0);
    expect(rows[0]?.config.join()).toMatch(/statement_timeout=.*idle_in_transaction_session_timeout=/);
  }
});

test('X-41: advisory locks, notifications and temporary objects of a neighbour in the same database change nothing', async () => {
  const [c, d] = [resident(2), resident(3)];
  expect(c.store.database).toBe(d.store.database);
  const { host, port, database, username: user, password } = c.store;
  const neighbour = openClient({ host, port, database, user, password }, { applicationName: 'test of the walls' });
  const heard: unknown[] = [];
  neighbour.on('notification', (message) => heard.push(message));
  await neighbour.connect();
  try {
    for (const channel of ['cofferdam', 'outbox', 'transaction', d.store.schema, 'change_feed'])
      await neighbour.query(`listen ${id(channel)}`);
    await neighbour.query(`select pg_advisory_lock(key) from generate_series(-500, 500) key`);
    await neighbour.query(`select pg_advisory_lock(hashtextextended(text, 0)) from unnest($1::text[]) text`, [
      [d.tenant.id, d.store.schema, d.books.ids.ledger, d.books.ids.organization, d.books.ids.account],
    ]);
    const start = performance.now();
    await must(d.client('POST', `${d.books.path}/transactions/inflow`, inflow(d.books, '1', 'unhindered')));
    await must(
      d.client(
        'POST',
        `${d.books.path}/transactions/json`,
        transfer(d.books.ids.assetCode, '1', d.books.otherAlias, d.books.ids.alias),
      ),
    );
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(heard).toEqual([]);
    await expect(neighbour.query('create temp table x ()')).rejects.toMatchObject({ code: '42501' });
  } finally {
    await neighbour.end();
  }
});

test('X-43: TLS to PostgreSQL is required outside a local environment, and what the URL asks for reaches every tenant', () => {
  const base = { COFFERDAM_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64') };
  const read = (url: string, environment: string) =>
    readConfig({ ...base, ENV_NAME: environment, DATABASE_URL: url, CONTROL_DATABASE_URL: url });
  for (const host of ['db.example.com', '10.0.0.5'])
    for (const mode of ['', '?sslmode=allow', '?sslmode=prefer'])
      expect(() => read(`postgres://u:secret@${host}/postgres${mode}`, 'production')).toThrow(/sslmode=verify-full/);
  expect(() => read('postgres://u:secret@db.example.com/postgres', 'production')).not.toThrow(/secret/);
  for (const url of ['postgres://u:p@db.example.com/postgres?sslmode=verify-full', 'postgres://u:p@127.0.0.1/postgres'])
    expect(read(url, 'production').databaseUrl).toBe(url);
  const disabled = read('postgres://u:p@db/postgres?sslmode=disable', 'production');
  expect(doubtsAbout({}, disabled).join()).toContain('without TLS');
  // What `cofferdam logins` prints says it, too: a ledger alone would refuse to start otherwise.
  for (const mode of ['disable', 'require', 'verify-full']) {
    const printed = toDatabaseUrl(parseDatabaseUrl(`postgres://u:p@db-a:5432,db-b:5432/postgres?sslmode=${mode}`));
    expect(read(printed, 'production').controlDatabaseUrl).toContain(`sslmode=${mode}`);
  }
  expect(read('postgres://u:p@postgres/postgres', 'local').databaseUrl).toContain('postgres');
});

test('X-45: no debugger, profiler or console is open on any listener', async () => {
  const { ledger, access, tenants } = world.server.running.urls;
  for (const base of [ledger, access, tenants])
    for (const path of [
      '/debug',
      '/debug/pprof/',
      '/json/list',
      '/inspect',
      '/heapdump',
      '/repl',
      '/admin',
      '/env',
      '/v1/debug',
    ]) {
      const answer = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${resident(0).token}` } });
      expect(answer.status, `${base}${path}`).toBe(404);
    }
  expect(process.execArgv.filter((flag) => flag.startsWith('--inspect'))).toEqual([]);
});

test('X-46: a request over many things has one tenant: members that name another’s are refused, the others posted', async () => {
  for (const [own, other] of meetings(world.residents)) {
    const before = await digest(other);
    const { path, ids, otherAlias } = own.books;
    const entries = [
      transfer(ids.assetCode, '1', ids.alias, otherAlias),
      transfer(ids.assetCode, '1', otherAlias, other.books.otherAlias),
      transfer(other.books.ids.assetCode, '1', other.books.ids.alias, otherAlias),
      transfer(ids.assetCode, '1', other.books.ids.alias, other.books.otherAlias),
    ];
    const { results, succeeded, failed } = await must(
      own.client('POST', `${path}/transactions/batch`, { atomic: false, transactions: entries }),
    );
    expect({ succeeded, failed }, JSON.stringify(results)).toEqual({ succeeded: 1, failed: 3 });
    expect(JSON.stringify(results[0])).not.toContain(other.books.marker);
    const atomic = await own.client('POST', `${path}/transactions/batch`, { atomic: true, transactions: entries });
    expect(atomic.status).toBeGreaterThanOrEqual(400);
    expect(await digest(other)).toEqual(before);
  }
});

test('X-23: after all of that, no line of the log holds a word of anyone’s books, a password or a token', async () => {
  const [a, b] = [resident(0), resident(2)];
  // A failure inside the store, whose text PostgreSQL words with names of tables and values.
  await asAdmin(
    (admin) => admin.query(`alter table ${id(a.store.schema)}.account rename to account_away`),
    a.store.database,
  );
  const broken = await a.client('GET', `${a.books.path}/accounts?metadata.marker=${a.books.marker}`);
  await asAdmin(
    (admin) => admin.query(`alter table ${id(a.store.schema)}.account_away rename to account`),
    a.store.database,
  );
  expect(broken.status).toBeGreaterThanOrEqual(500);
  expect(broken.text).not.toMatch(/select|account_away|relation|42P01|t_[0-9a-f]{32}/i);
  await b.client('GET', '/v1/organizations');
  const log = readFileSync(logFile, 'utf8');
  expect(log.length).toBeGreaterThan(1_000);
  for (const { books, store, token, tenant } of world.residents) {
    for (const secret of [store.password, token, tenant.clientSecret, tenant.owner.password])
      expect(log).not.toContain(secret);
    const lines = log.split('\n').filter((line) => line.includes(books.marker));
    expect(lines.map((line) => line.slice(0, 400))).toEqual([]);
  }
});
