import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerMigrations } from '../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../src/ledger/migrations/runtime-grants.js';
import { defaultServer, openAdminConnections } from '../../src/tenancy/admin-connections.js';
import { findDrift } from '../../src/tenancy/fleet/find-drift.js';
import { getPlacement } from '../../src/tenancy/placement.js';
import { insertServer } from '../../src/tenancy/servers/insert-server.js';
import { changeServer } from '../../src/tenancy/servers/manage-servers.js';
import { keepSpares } from '../../src/tenancy/spares/keep-spares.js';
import { asAdmin, dropDatabase, dropRole } from '../support/cluster.js';
import { createInstallation, type Installation } from './support/installation.js';
import { startLedgerProcess } from './support/ledger-process.js';

const wanted = 2;
let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation({ spares: wanted });
  await installation.manager.start();
});
afterAll(async () => {
  await installation.remove();
  await removeSpares();
});

const spares = async () =>
  asAdmin(async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      `select rolname as name from pg_roles where starts_with(rolname, $1) and right(rolname, 6) = '_owner'
          and shobj_description(oid, 'pg_authid') = 'cofferdam spare, ready' order by 1`,
      [`${installation.names.prefix}_sp_`],
    );
    return rows.map(({ name }) => name.slice(0, -6));
  });
const everything = async () =>
  asAdmin(async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      `select rolname as name from pg_roles where starts_with(rolname, $1)
       union all select datname from pg_database where starts_with(datname, $1)`,
      [`${installation.names.prefix}_sp_`],
    );
    return rows.map(({ name }) => name);
  });
const full = () => expect.poll(async () => (await spares()).length, { timeout: 20_000 }).toBe(2 * wanted);

/** As a process does that wants none. */
async function removeAll(): Promise<void> {
  const { manager, names, admin, vault, prepared } = installation;
  const connections = openAdminConnections({ admin, control: manager.control.pool, vault, names, onError() {} });
  const tools = {
    ...manager,
    admin: connections,
    runtimeGrants,
    templateDatabase: prepared.templateDatabase,
    prepareHost: async () => {},
    access: installation.seeder,
    elapsed: () => performance.now(),
  };
  await keepSpares(tools, { wanted: 0, isStopped: () => false }).finally(() => connections.close());
}

/** Spares outlive their makers: they are there for the next process. */
async function removeSpares(): Promise<void> {
  const names = await everything();
  for (const name of names.filter((one) => /_[0-9a-f]{6}$/.test(one))) await dropDatabase(name);
  // Members before what they are members of.
  for (const name of [...new Set(names)].sort((a, b) => b.length - a.length)) await dropRole(name);
}

test('spares are made in the background, taken by new tenants of both modes, and made again', async () => {
  await full();
  const before = await spares();
  expect(
    (await installation.manager.control.pool.query('select count(*)::int as count from tenant')).rows[0].count,
  ).toBe(0);
  const ledger = await startLedgerProcess(installation);
  try {
    for (const isolation of ['database', 'schema'] as const) {
      const tenant = await installation.create({ isolation });
      expect([tenant.status, tenant.statusReason]).toEqual(['active', null]);
      const { rows } = await installation.manager.control.pool.query(
        'select step, done from provisioning where tenant_id = $1',
        [tenant.id],
      );
      // Nothing took time but what no spare can hold.
      expect(
        Object.entries(rows[0].done as object)
          .filter(([, ms]) => ms > 0)
          .map(([step]) => step),
      ).not.toContain('create-store');
      const { pool } = await ledger.resolve(tenant.id);
      const { store } = await getPlacement(installation.manager.control.pool, tenant.id);
      const here = await pool.pg.query(
        'select current_user as login, current_database() as database, current_schema() as schema',
      );
      expect(here.rows[0]).toEqual({ login: store.runtimeLogin, database: store.database, schema: store.schema });
      await expect(pool.pg.query('create table x ()')).rejects.toMatchObject({ code: '42501' });
    }
  } finally {
    await ledger.stop();
  }
  installation.manager.lookForWork();
  await full();
  expect((await spares()).filter((name) => before.includes(name))).toHaveLength(2);
  const { control, admin } = installation.manager;
  expect(await findDrift({ control, admin, ledgerMigrations, runtimeGrants }, {})).toMatchObject({
    compared: 2,
    drifted: [],
    failed: [],
  });
});

test('TENANT_SPARES=0 removes what is there', async () => {
  await full();
  await expect
    .poll(
      async () => {
        await removeAll();
        return (await spares()).length;
      },
      { timeout: 20_000 },
    )
    .toBeLessThan(2 * wanted);
});

test('more tenants at once than there are spares: each is made, no spare twice', async () => {
  await full();
  const tenants = await Promise.all(Array.from({ length: 5 }, () => installation.create({ isolation: 'schema' })));
  expect(tenants.map(({ status, statusReason }) => statusReason ?? status)).toEqual(Array(5).fill('active'));
});

test('a removal and a taking at the same moment: the tenant gets a whole store, from the spare or without it', async () => {
  for (let round = 0; round < 4; round += 1) {
    await full();
    const removing = removeAll();
    const made = await Promise.all(
      (['database', 'schema'] as const).map((isolation) => installation.create({ isolation })),
    );
    await removing;
    expect(made.map(({ status, statusReason }) => statusReason ?? status)).toEqual(['active', 'active']);
    installation.manager.lookForWork();
  }
});

test('a server that is gone keeps no other from its spares; one that is drained keeps none', async () => {
  await full();
  const { manager, admin: settings, vault } = installation;
  await manager.control.change(async (tx) => {
    const version = await tx.nextVersion();
    const server = { id: 'gone', kind: 'shared', state: 'open', systemIdentifier: '1', version } as const;
    await insertServer(tx, vault, { ...server, settings: { ...settings, port: 1 } });
    await tx.client.query(`update server set created_at = '2000-01-01' where id = 'gone'`);
  });
  const by = { actor: 'test', action: 'server.drain' };
  await changeServer(manager, defaultServer, { state: 'draining' }, by);
  manager.lookForWork();
  await expect.poll(async () => (await spares()).length, { timeout: 20_000 }).toBe(0);
  await changeServer(manager, defaultServer, { state: 'open' }, by);
  manager.lookForWork();
  await full();
  await manager.control.pool.query(`delete from server where id = 'gone'`);
});

test('half-made spares and those of an older build are removed, those of a newer one stay', async () => {
  await full();
  const prefix = `${installation.names.prefix}_sp_`;
  const [halfMade, older, newer] = [`${prefix}d03abcde_00000a`, `${prefix}d01abcde_00000b`, `${prefix}d99abcde_00000c`];
  await asAdmin(async (admin) => {
    for (const name of [halfMade, older, newer]) await admin.query(`create role "${name}_owner" nologin`);
    for (const name of [older, newer]) await admin.query(`comment on role "${name}_owner" is 'cofferdam spare, ready'`);
  });
  await asAdmin((admin) => admin.query(`create database "${halfMade}" template template0`));
  installation.manager.lookForWork();
  await expect
    .poll(
      async () =>
        (await everything()).filter((name) => [halfMade, `${halfMade}_owner`, `${older}_owner`].includes(name)),
      { timeout: 10_000 },
    )
    .toEqual([]);
  expect(await everything()).toContain(`${newer}_owner`);
  await asAdmin((admin) => admin.query(`drop role "${newer}_owner"`));
});
