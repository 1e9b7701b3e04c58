import { LedgerError, type TenantId } from '@cofferdam/core';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { BudgetedPool } from '../../src/postgres/budgeted-pool.js';
import { getPlacement } from '../../src/tenancy/placement.js';
import type { TenantConfig } from '../../src/tenancy/tenant-config.js';
import { createTenantPools, type TenantPools } from '../../src/tenancy/tenant-pools.js';
import { createStoreRoles } from '../../src/tenancy/walls/store-roles.js';
import { asAdmin } from '../support/cluster.js';
import { createInstallation, type Installation, silentLog } from './support/installation.js';
import { type LedgerProcess, startLedgerProcess } from './support/ledger-process.js';

let installation: Installation;
let ledger: LedgerProcess;
let ids: TenantId[];
let configs: TenantConfig[];
let pools: TenantPools;

beforeAll(async () => {
  installation = await createInstallation();
  ledger = await startLedgerProcess(installation);
  ids = [];
  for (const isolation of ['database', 'schema', 'database', 'schema', 'schema', 'schema'] as const)
    ids.push((await installation.create({ isolation })).id);
  configs = await Promise.all(ids.map(async (id) => (await ledger.catalogue.get(id)) as TenantConfig));
});
afterEach(() => pools?.close(0));
afterAll(async () => {
  await ledger.stop();
  await installation.remove();
});

const at = (index: number) => configs[index] as TenantConfig;
const place = `select current_user as user, current_database() as database, current_schema() as schema`;

test('a pool is opened once, however many ask', async () => {
  pools = createTenantPools({ log: silentLog });
  const all = await Promise.all(Array.from({ length: 20 }, () => pools.acquire(at(0))));
  expect(new Set(all).size).toBe(1);
  expect(pools.peek(at(0))).toBe(all[0]);
  expect(pools.size).toBe(1);
});

test('above the cap of pools the least recently used idle pool makes room; a busy one stays', async () => {
  pools = createTenantPools({ log: silentLog, poolsMax: 2, restMs: 0, graceMs: 100 });
  const first = await pools.acquire(at(0));
  const second = await pools.acquire(at(1));
  const busy = await first.pg.connect();
  await pools.acquire(at(2));
  expect(pools.peek(at(0))).toBe(first);
  expect(pools.peek(at(1))).toBeUndefined();
  expect(() => second.pg).toThrow(LedgerError);
  busy.release();
});

test('a budget with nothing idle: whoever waits too long gets 503 TENANT_CAPACITY, and room again afterwards', async () => {
  pools = createTenantPools({ log: silentLog, budget: 2, waitMs: 2_000, turnMs: 60_000 });
  const busy = [];
  for (const index of [0, 1]) busy.push(await (await pools.acquire(at(index))).pg.connect());
  await expect(pools.acquire(at(2))).rejects.toMatchObject({
    info: { reason: 'TENANT_CAPACITY', retryAfterSeconds: 5 },
  });
  const waiting = pools.acquire(at(3));
  for (const client of busy) client.release();
  expect((await (await waiting).pg.query(place)).rows[0]).toMatchObject({ user: at(3).store?.settings.user });
});

test('a second connection of a tenant is opened only while the budget has room for those that have none', async () => {
  pools = createTenantPools({ log: silentLog, budget: 2, connectionsMax: 5, waitMs: 2_000 });
  const pool = await pools.acquire(at(0));
  const first = await pool.pg.connect();
  await expect(pool.pg.connect()).rejects.toMatchObject({ info: { reason: 'TENANT_CAPACITY' } });
  const other = await pools.acquire(at(1));
  expect((await other.pg.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  first.release();
});

test('six busy tenants share a budget of two: all get their turns, and the server never sees a third connection', async () => {
  pools = createTenantPools({ log: silentLog, budget: 2, connectionsMax: 2, turnMs: 20, waitMs: 20_000 });
  const users = configs.map(({ store }) => store?.settings.user);
  const served = configs.map(() => 0);
  let most = 0;
  let done = false;
  const watch = asAdmin(async (admin) => {
    while (!done) {
      const { rows } = await admin.query('select count(*)::int as n from pg_stat_activity where usename = any($1)', [
        users,
      ]);
      most = Math.max(most, rows[0].n);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  });
  const until = performance.now() + 1_500;
  const callers = configs.flatMap((config, index) => [config, config, config].map((each) => ({ config: each, index })));
  await Promise.all(
    callers.map(async ({ config, index }) => {
      while (performance.now() < until) {
        const pool = await pools.acquire(config);
        const { rows } = await pool.pg.query(place);
        expect(rows[0]).toMatchObject({ user: config.store?.settings.user });
        served[index] = (served[index] ?? 0) + 1;
      }
    }),
  );
  done = true;
  await watch;
  expect(most).toBeLessThanOrEqual(2);
  expect(most).toBeGreaterThan(0);
  // Nobody is left out, however much the machine stalls.
  expect(Math.min(...served)).toBeGreaterThan(0);
});

test('a connection returned in the middle of a transaction is closed, not lent again', async () => {
  pools = createTenantPools({ log: silentLog });
  const pool = await pools.acquire(at(0));
  const client = await pool.pg.connect();
  const pid = async (of: Pick<pg.PoolClient, 'query'>) =>
    (await of.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
  const before = await pid(client);
  await client.query('begin');
  client.release();
  expect(await pid(pool.pg as unknown as pg.PoolClient)).not.toBe(before);
  expect(() => client.release()).toThrow('twice');
});

test('a connection that the server ended is opened anew for the next caller', async () => {
  pools = createTenantPools({ log: silentLog });
  const pool = await pools.acquire(at(0));
  await asAdmin((admin) =>
    admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
      at(0).store?.settings.user,
    ]),
  );
  // It is noticed a moment later.
  await expect.poll(() => (pool as BudgetedPool).counts.open).toBe(0);
  expect((await pool.pg.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('idle pools are swept', async () => {
  pools = createTenantPools({ log: silentLog, idleMs: 50 });
  await pools.acquire(at(0));
  await expect.poll(() => pools.size).toBe(0);
});

test('running work of a pool that makes room is finished within the grace', async () => {
  pools = createTenantPools({ log: silentLog, graceMs: 5_000 });
  const pool = await pools.acquire(at(0));
  const running = pool.pg.query('select pg_sleep(0.3), 7 as answer');
  pools.changed({ ...at(0), status: 'suspended', version: at(0).version + 1 });
  expect(() => pool.pg).toThrow(LedgerError);
  expect((await running).rows[0]).toMatchObject({ answer: 7 });
});

test('X-06: who was given the pool just before its tenant was suspended is told so', async () => {
  pools = createTenantPools({ log: silentLog });
  const { pg: before } = await pools.acquire(at(0));
  await before.query('select 1');
  const pool = pools.peek(at(0));
  pools.changed({ ...at(0), status: 'suspended', version: at(0).version + 1 });
  const suspended = { reasonName: 'service_suspended', info: { reason: 'TENANT_SUSPENDED' } };
  expect(() => pool?.pg).toThrow(expect.objectContaining({ reasonName: suspended.reasonName }));
  await expect(pool?.db.connection().execute(async () => {})).rejects.toMatchObject(suspended);
});

test('a store that cannot be reached: 503, remembered for a moment, then tried again', async () => {
  pools = createTenantPools({ log: silentLog });
  const store = at(0).store as NonNullable<TenantConfig['store']>;
  const wrong = {
    ...at(0),
    store: { ...store, settings: { ...store.settings, password: 'wrong' }, fingerprint: 'wrong' },
  };
  const connects = vi.spyOn(pg.Client.prototype, 'connect');
  for (let i = 0; i < 50; i += 1)
    await expect(pools.acquire(wrong)).rejects.toMatchObject({ reasonName: 'tenant_service_unavailable' });
  // Again after 100 ms, then 200, 400, 800, …
  expect(connects.mock.calls.length).toBeLessThan(10);
  connects.mockRestore();
  const again = () =>
    pools.acquire(at(0)).then(
      () => 'opened',
      () => 'refused',
    );
  await expect.poll(again).toBe('opened');
});

test('X-15: a connection that is not where its configuration says is refused', async () => {
  pools = createTenantPools({ log: silentLog });
  const [a, b] = [at(1), at(3)] as [Required<TenantConfig>, Required<TenantConfig>];
  const crossed = {
    ...a,
    store: { ...(a.store as object), schema: (b.store as { schema: string }).schema } as TenantConfig['store'],
  };
  await expect(pools.acquire(crossed as TenantConfig)).rejects.toMatchObject({
    reasonName: 'tenant_service_unavailable',
  });
});

test('X-33: rotated credentials: the new pool first, then the old one is drained; no request fails', async () => {
  const id = ids[5] as TenantId;
  await ledger.resolve(id);
  let failures = 0;
  let done = false;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!done) {
        try {
          const { pool } = await ledger.resolve(id);
          await pool.pg.query('select count(*) from organization');
        } catch {
          failures += 1;
        }
      }
    }),
  );
  const before = (await ledger.resolve(id)).pool;
  const { manager, vault } = installation;
  const { store, migratorCredential } = await getPlacement(manager.control.pool, id);
  const migrator = vault.open(id, 'migrator-login', migratorCredential ?? '');
  // A password of PostgreSQL has no overlap: open connections stay, new ones need the new one. Feed first.
  await manager.control.change(async (tx) => {
    const sealed = vault.seal(id, 'runtime-login', 'a new password that nobody knows');
    const version = await tx.nextVersion();
    await tx.client.query('update tenant set version = $2 where id = $1', [id, version]);
    await tx.client.query('update placement set runtime_credential = $2, config_version = $3 where tenant_id = $1', [
      id,
      sealed,
      version,
    ]);
    await asAdmin((admin) => createStoreRoles(admin, store, { runtime: 'a new password that nobody knows', migrator }));
  });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await expect.poll(async () => (await ledger.resolve(id)).pool === before).toBe(false);
  done = true;
  await load;
  const after = await ledger.resolve(id);
  expect(after.pool === before).toBe(false);
  // Whoever still holds the first one is given the connections of the second.
  expect(before.pg).toBe(after.pool.pg);
  expect(failures).toBe(0);
});

test('X-13, X-15: 1,000 interleaved transactions of two tenants with errors and cancels, under a tiny cap', async () => {
  pools = createTenantPools({
    log: silentLog,
    budget: 2,
    poolsMax: 2,
    restMs: 0,
    turnMs: 20,
    connectionsMax: 2,
    graceMs: 2_000,
  });
  let checked = 0;
  let refused = 0;
  const work = async (turn: number): Promise<void> => {
    const config = at(turn % 7 === 0 ? 4 : turn % 2 === 0 ? 1 : 0);
    const store = config.store as NonNullable<TenantConfig['store']>;
    let client: pg.PoolClient;
    try {
      client = await (await pools.acquire(config)).pg.connect();
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      refused += 1; // capacity, or drained between the two steps: never a wrong pool
      return;
    }
    let broken = false;
    try {
      await client.query('begin');
      const { rows } = await client.query(place);
      expect(rows[0]).toEqual({ user: store.settings.user, database: store.settings.database, schema: store.schema });
      checked += 1;
      if (turn % 5 === 0) await client.query('select 1 / 0').catch(() => {});
      if (turn % 11 === 0) await client.query(`set local statement_timeout = 1; select pg_sleep(0.05)`).catch(() => {});
      if (turn % 13 === 0) await client.query('set local search_path = pg_catalog').catch(() => {});
      await client.query(turn % 3 === 0 ? 'commit' : 'rollback');
    } catch (error) {
      if (error instanceof Error && error.name === 'AssertionError') throw error;
      broken = true;
    } finally {
      client.release(broken);
    }
  };
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < 1_000) {
        next += 1;
        await work(next);
      }
    }),
  );
  expect(checked + refused).toBe(1_000);
  expect(checked).toBeGreaterThan(800);
});
