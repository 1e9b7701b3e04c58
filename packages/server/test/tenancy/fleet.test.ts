import type { TenantId } from '@cofferdam/core';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ledgerMigrations } from '../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../src/ledger/migrations/runtime-grants.js';
import type { Migration } from '../../src/postgres/migration.js';
import { type AdminConnections, openAdminConnections } from '../../src/tenancy/admin-connections.js';
import { suspendTenant } from '../../src/tenancy/change-status.js';
import { findDrift } from '../../src/tenancy/fleet/find-drift.js';
import type { FleetOptions } from '../../src/tenancy/fleet/migrate-fleet.js';
import { migrateRecorded } from '../../src/tenancy/fleet/migrate-recorded.js';
import { beginOperation, listOperations } from '../../src/tenancy/operations.js';
import { getPlacement } from '../../src/tenancy/placement.js';
import { asAdmin } from '../support/cluster.js';
import { createInstallation, type Installation } from './support/installation.js';
import { startLedgerProcess } from './support/ledger-process.js';

let installation: Installation;
let connections: AdminConnections;
/** By age: database, schema, database, … */
let fleet: TenantId[];
/** What this file's builds have so far; each test adds to it. */
let migrations: Migration[] = [...ledgerMigrations];
let count = 0;

beforeAll(async () => {
  installation = await createInstallation();
  const { names, admin, manager, vault } = installation;
  connections = openAdminConnections({ admin, control: manager.control.pool, vault, names, onError() {} });
  const modes = Array.from({ length: 6 }, (_, index) =>
    index % 2 === 0 ? ('database' as const) : ('schema' as const),
  );
  const tenants = await Promise.all(modes.map((isolation) => installation.create({ isolation })));
  expect(tenants.map(({ status, statusReason }) => statusReason ?? status)).toEqual(modes.map(() => 'active'));
  fleet = tenants.map(({ id }) => id);
});
afterAll(async () => {
  await connections.close();
  await installation.remove();
});

/** A migration after all others; ids sort by number. */
const later = (sql: string, kind: Migration['kind'] = 'expand'): Migration => {
  count += 1;
  return { id: `9${String(count).padStart(3, '0')}_later`, sql, kind };
};
const tools = () => ({
  control: installation.manager.control,
  admin: connections,
  vault: installation.vault,
  ledgerMigrations: migrations,
  runtimeGrants,
});
const migrate = (options: Partial<FleetOptions> = {}) =>
  migrateRecorded(tools(), {
    readerLogin: installation.names.role('control_reader'),
    patienceMs: 0,
    actor: 'test',
    newId: uuidv7,
    now: () => new Date(),
    ...options,
  });
const operations = async () =>
  (await listOperations(installation.manager.control.pool, { limit: 2, kind: 'fleet.migrate' })).map(
    ({ state, done, total, error }) => ({ state, done, total, error }),
  );
const placeOf = (tenantId: TenantId) => getPlacement(installation.manager.control.pool, tenantId);
const inStore = async (tenantId: TenantId, sql: string) => {
  const { store } = await placeOf(tenantId);
  return asAdmin(async (admin) => {
    await admin.query(`set search_path = "${store.schema}"`);
    return (await admin.query(sql)).rows;
  }, store.database);
};
const versions = async () => Promise.all(fleet.map(async (id) => (await placeOf(id)).schemaVersion));

beforeEach(async () => {
  // Whatever the test before left behind is brought up to date.
  expect((await migrate()).results.filter(({ error }) => error !== undefined)).toEqual([]);
});

test('a build with a later migration: its tenants wait with 503 each until they are migrated, suspended ones too', async () => {
  const [first, second] = fleet as [TenantId, TenantId];
  const added = later('create table later (x int)');
  migrations = [...migrations, added];
  await suspendTenant(installation.manager, second, 'test');
  const ledger = await startLedgerProcess(installation, { schemaVersionMin: added.id, build: added.id });
  try {
    await expect(ledger.resolve(first)).rejects.toMatchObject({
      info: { reason: 'TENANT_MIGRATION_PENDING', retryAfterSeconds: 5, log: { tenantId: first } },
    });
    const seen: number[] = [];
    const report = await migrate({ canary: 1, parallel: 2, onProgress: (done, total) => seen.push(done, total) });
    expect(report).toMatchObject({ head: added.id, tenants: 6, leftAlone: 0, held: [] });
    expect(report.results.map(({ phase, error }) => error ?? phase)).toEqual(['canary', ...Array(5).fill('fleet')]);
    expect(report.results.map(({ tenantId }) => tenantId).sort()).toEqual([...fleet].sort());
    expect(seen.at(-1)).toBe(6);
    expect(await versions()).toEqual(fleet.map(() => added.id));
    await expect.poll(() => ledger.resolve(first).then(() => 'served', String)).toBe('served');
    expect((await migrate()).results).toEqual([]);
    // What there was to do is an operation; nothing to do is none.
    expect(await operations()).toEqual([{ state: 'succeeded', done: 6, total: 6, error: null }]);
    // A build of before serves the same books: this one only added something.
    const older = await startLedgerProcess(installation, { schemaVersionMin: ledgerMigrations.at(-1)?.id as string });
    await older.resolve(first).finally(() => older.stop());
  } finally {
    await ledger.stop();
  }
});

test('a canary that fails stops the fleet; the others are left as they were', async () => {
  const before = await versions();
  const bad = fleet[2] as TenantId;
  await inStore(bad, 'create table obstacle ()');
  const all = migrations;
  migrations = [...all, later('create table obstacle (x int)')];
  const report = await migrate({ canary: [bad] });
  expect(report.results).toMatchObject([
    { tenantId: bad, phase: 'canary', error: expect.stringContaining('obstacle') },
  ]);
  expect(report).toMatchObject({ stopped: '1 of 1 canaries failed', leftAlone: 5 });
  expect(await versions()).toEqual(before);
  expect((await operations())[0]).toMatchObject({ state: 'failed', error: '1 of 1 canaries failed' });

  // Without canaries: one that fails does not stop the others, is reported, and is taken up again by the next run.
  const rest = await migrate();
  expect(rest.results).toHaveLength(6);
  expect(rest.results.filter(({ error }) => error !== undefined).map(({ tenantId }) => tenantId)).toEqual([bad]);
  const { rows } = await installation.manager.control.pool.query(
    'select tenant_id from placement where migration_error is not null',
  );
  expect(rows).toEqual([{ tenant_id: bad }]);
  await inStore(bad, 'drop table obstacle');
  expect((await migrate()).results.map(({ tenantId, error }) => error ?? tenantId)).toEqual([bad]);
});

test('a canary that does not exist stops the run before anything is done', async () => {
  migrations = [...migrations, later('create table canary_first (x int)')];
  const before = await versions();
  const nobody = '0'.repeat(32);
  await expect(migrate({ canary: [fleet[0] as TenantId, nobody] })).rejects.toThrow(nobody);
  expect(await versions()).toEqual(before);
});

test('a build from before finds nothing to do in books that are further, and leaves no failure behind', async () => {
  migrations = [...migrations, later('create table ahead (x int)')];
  await migrate();
  const [all, ahead] = [migrations, await versions()];
  migrations = all.slice(0, -1);
  try {
    expect(await migrate()).toMatchObject({ results: [], leftAlone: 0 });
  } finally {
    migrations = all;
  }
  expect(await versions()).toEqual(ahead);
  const { rowCount } = await installation.manager.control.pool.query(
    'select from placement where migration_error is not null',
  );
  expect(rowCount).toBe(0);
});

test('too many failures stop the run', async () => {
  for (const id of fleet) await inStore(id, 'create table trap ()');
  migrations = [...migrations, later('create table trap (x int)')];
  const report = await migrate({ parallel: 1 });
  expect(report.results.filter(({ error }) => error !== undefined)).toHaveLength(3);
  expect(report).toMatchObject({ stopped: '3 of 3 tenants failed, more than 5 %', leftAlone: 3 });
  for (const id of fleet) await inStore(id, 'drop table trap');
});

test('a table that is locked is asked for again; meanwhile nobody waits behind the migration for long', async () => {
  const [busy] = fleet as [TenantId];
  migrations = [...migrations, later('alter table organization add column later_note text')];
  const { store } = await placeOf(busy);
  await asAdmin(async (holder) => {
    await holder.query(`begin; lock table "${store.schema}".organization in access share mode`);
    const running = migrate({ patienceMs: 20_000, lockTimeoutMs: 100 });
    // A reader that comes while the migration waits gets its turn.
    for (let read = 0; read < 5; read += 1) {
      const start = performance.now();
      await inStore(busy, 'select count(*) from organization');
      expect(performance.now() - start).toBeLessThan(3_000);
    }
    await holder.query('rollback');
    const report = await running;
    expect(report.results.map(({ error }) => error)).toEqual(fleet.map(() => undefined));
    expect(report.results.find(({ tenantId }) => tenantId === busy)?.attempts).toBeGreaterThan(1);
  }, store.database);
});

test('killed between the work and its record: the next run finds it done', async () => {
  const [id] = fleet as [TenantId];
  migrations = [...migrations, later('create table once (x int)')];
  await migrate();
  await installation.manager.control.pool.query('update placement set schema_version = $2 where tenant_id = $1', [
    id,
    ledgerMigrations.at(-1)?.id,
  ]);
  const report = await migrate();
  expect(report.results.map(({ tenantId, error }) => error ?? tenantId)).toEqual([id]);
  expect((await versions())[0]).toBe(migrations.at(-1)?.id);
});

test('killed after its last tenant: the next run, which has nothing to do, ends the operation', async () => {
  const id = uuidv7();
  await beginOperation(installation.manager.control.pool, {
    ...{ id, kind: 'fleet.migrate', actor: 'test', total: 6, at: new Date(Date.now() - 60_000).toISOString() },
  });
  expect((await migrate()).results).toEqual([]);
  expect((await operations())[0]).toEqual({
    ...{ state: 'cancelled', done: 0, total: 6, error: 'the process ended; nothing was left to do' },
  });
});

test('X-44: migrations run as the tenant’s own migrator, and nowhere but in its own store', async () => {
  const [a, b] = [fleet[0] as TenantId, fleet[2] as TenantId];
  migrations = [
    ...migrations,
    later('create table worker as select session_user::text as login, current_user::text as role'),
  ];
  await migrate();
  for (const id of fleet) {
    const { store } = await placeOf(id);
    expect(await inStore(id, 'select * from worker')).toEqual([{ login: store.migratorLogin, role: store.ownerRole }]);
  }
  // A placement that points elsewhere: the migrator's rights, and the runner's own look, keep it out.
  const [home, elsewhere] = [(await placeOf(a)).store, (await placeOf(b)).store];
  const move = (database: string, schema: string) =>
    installation.manager.control.pool.query(
      'update placement set database_name = $2, schema_name = $3 where tenant_id = $1',
      [a, database, schema],
    );
  migrations = [...migrations, later('create table strayed (x int)')];
  await move(elsewhere.database, elsewhere.schema);
  const astray = await migrate();
  await move(home.database, 'nowhere');
  const lost = await migrate();
  await move(home.database, home.schema);
  expect(astray.results.find(({ tenantId }) => tenantId === a)?.error).toMatch(/permission denied/);
  expect(lost.results.map(({ tenantId, error }) => [tenantId, error])).toEqual([
    [a, expect.stringMatching(/met .* instead/)],
  ]);
  expect(await inStore(b, 'select count(*)::int as rows from strayed')).toEqual([{ rows: 0 }]);
});

test('a contract migration waits until no process of an older build is there; new tenants then start with it', async () => {
  migrations = [...migrations, later('alter table once add column y int')];
  await migrate();
  const older = await startLedgerProcess(installation, { build: migrations.at(-1)?.id as string });
  const contract = later('alter table once drop column x', 'contract');
  migrations = [...migrations, contract];
  try {
    await older.resolve(fleet[0] as TenantId);
    const held = await migrate();
    expect(held).toMatchObject({
      results: [],
      held: [contract.id],
      heldReason: expect.stringContaining('1 ledger process'),
    });
    // A process that a contract came over by force refuses those tenants alone, rather than fail in their books.
    expect((await migrate({ readerLogin: undefined })).results).toHaveLength(6);
    await expect
      .poll(() => older.resolve(fleet[0] as TenantId).catch(({ info }) => info.reason))
      .toBe('TENANT_MIGRATION_PENDING');
  } finally {
    await older.stop();
  }
  const columns = await inStore(
    fleet[1] as TenantId,
    `select attname from pg_attribute where attrelid = 'once'::regclass and attnum > 0 and not attisdropped`,
  );
  expect(columns).toEqual([{ attname: 'y' }]);
  expect(await findDrift(tools(), {})).toMatchObject({ drifted: [], failed: [] });
});

describe('drift', () => {
  test('stores of both modes are alike, however they came to their version', async () => {
    expect(await findDrift(tools(), {})).toMatchObject({ compared: 6, behind: 0, drifted: [], failed: [] });
  });

  test('a store that is gone is told, and keeps none of the others from being compared', async () => {
    const [first] = fleet as [TenantId];
    const { database } = (await placeOf(first)).store;
    const rename = (from: string, to: string) =>
      asAdmin(async (admin) => {
        await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [from]);
        await admin.query(`alter database "${from}" rename to "${to}"`);
      });
    await rename(database, `${database}_away`);
    try {
      const report = await findDrift(tools(), {});
      expect(report).toMatchObject({ compared: 5, drifted: [] });
      expect(report.failed).toEqual([{ tenantId: first, error: expect.stringContaining('does not exist') }]);
    } finally {
      await rename(`${database}_away`, database);
    }
  });

  test('the report says what differs', async () => {
    const [database, schema] = fleet as [TenantId, TenantId];
    await inStore(database, 'alter table organization add column by_hand int; drop index account_alias_live');
    await inStore(schema, 'create index metadata_index_account_x on account (id); grant delete on operation to public');
    const { drifted } = await findDrift(tools(), {});
    expect(drifted.find(({ tenantId }) => tenantId === database)?.differences).toEqual([
      expect.stringMatching(/^missing: index account_alias_live: /),
      'not from a migration: column organization.by_hand: integer',
    ]);
    expect(drifted.find(({ tenantId }) => tenantId === schema)?.differences).toEqual([
      'not from a migration: grant on table operation to PUBLIC: DELETE',
    ]);
    await inStore(database, 'alter table organization drop column by_hand');
    await inStore(schema, 'revoke delete on operation from public');
  });
});
