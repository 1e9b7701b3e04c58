import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerMigrations } from '../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../src/ledger/migrations/runtime-grants.js';
import { openAdminConnections } from '../../src/tenancy/admin-connections.js';
import { suspendTenant } from '../../src/tenancy/change-status.js';
import { migrateTenants } from '../../src/tenancy/migrate-tenants.js';
import { createInstallation, type Installation } from './support/installation.js';
import { startLedgerProcess } from './support/ledger-process.js';

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation();
});
afterAll(() => installation.remove());

test('tenants made at the same time, in both modes, all become active', async () => {
  const modes = Array.from({ length: 12 }, (_, index) =>
    index % 2 === 0 ? ('database' as const) : ('schema' as const),
  );
  const tenants = await Promise.all(modes.map((isolation) => installation.create({ isolation })));
  expect(tenants.map(({ status, statusReason }) => statusReason ?? status)).toEqual(modes.map(() => 'active'));
});

test('a build with a later migration: tenants wait for it with 503, then are brought up to date, suspended ones too', async () => {
  const later = [...ledgerMigrations, { id: '9999_later', sql: 'create table later (x int)' }];
  const grants = (login: string) => `${runtimeGrants(login)}; grant select on later to ${login}`;
  const [active, suspended] = [await installation.create(), await installation.create({ isolation: 'schema' })];
  await suspendTenant(installation.manager, suspended.id, 'test');
  const ledger = await startLedgerProcess(installation, { schemaVersionMin: '9999_later' });
  const { names, admin, manager, vault } = installation;
  const connections = openAdminConnections({
    admin,
    control: manager.control.pool,
    vault,
    names,
    onError() {},
  });
  const tools = { ...manager, admin: connections, vault, ledgerMigrations: later, runtimeGrants: grants };
  try {
    await expect(ledger.resolve(active.id)).rejects.toMatchObject({ info: { reason: 'TENANT_MIGRATION_PENDING' } });
    const results = await migrateTenants(tools, () => {});
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(results.map(({ tenantId }) => tenantId)).toEqual(expect.arrayContaining([active.id, suspended.id]));
    for (const deadline = Date.now() + 5_000; Date.now() < deadline; )
      if (
        await ledger.resolve(active.id).then(
          () => true,
          () => false,
        )
      )
        break;
    const { pool } = await ledger.resolve(active.id);
    await pool.pg.query('select * from later');
    expect(await migrateTenants(tools, () => {})).toEqual([]);
  } finally {
    await ledger.stop();
    await connections.close();
  }
});
