import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeConnectionSettings } from '../../src/tenancy/change-connection-settings.js';
import { deleteTenant, suspendTenant } from '../../src/tenancy/change-status.js';
import { beginOperation } from '../../src/tenancy/operations.js';
import { createInstallation, type Installation } from './support/installation.js';

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation({ retentionDays: 0, workerIntervalMs: 3_600_000 });
});
afterAll(() => installation.remove());

test('a server that is away keeps its own tenants’ purges waiting, and nobody else’s', async () => {
  const { manager, vault } = installation;
  const { id } = await installation.create({ isolation: 'schema' });
  await suspendTenant(manager, id, 'test');
  await deleteTenant(manager, id, 'test');
  // More than one look takes up, and all of them due for longer.
  const { pool } = manager.control;
  await pool.query(
    `insert into server (id, host, port, admin_user, admin_database, admin_credential, version, created_at, updated_at)
     values ('away', '127.0.0.1', 1, 'nobody', 'postgres', $1, 1, now(), now())`,
    [vault.seal('server:away', 'server-admin', 'x')],
  );
  await pool.query(
    `with made as (
       insert into tenant (id, slug, name, isolation, status, version, created_at, updated_at, purge_after)
       select 'away' || n, 'away-' || n, 'Away', 'schema', 'deleting', 1, now(), now(), now() - interval '1 day'
         from generate_series(1, 120) n returning id)
     insert into placement (tenant_id, server_id, database_name, schema_name, owner_role, migrator_login, runtime_login,
                            config_version, created_at, updated_at)
     select id, 'away', 'x', 'x', id || '_owner', id || '_migrator', id, 1, now(), now() from made`,
  );
  try {
    await expect
      .poll(
        async () => {
          manager.lookForWork();
          return (await installation.get(id)).status;
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe('deleted');
  } finally {
    for (const table of ['operation', 'placement'])
      await pool.query(`delete from ${table} where tenant_id like 'away%'`);
    await pool.query(`delete from tenant where id like 'away%'`);
  }
}, 60_000);

test('a time-out that the other place of a move would not get is refused until the move has ended', async () => {
  const { manager } = installation;
  const { id } = await installation.create({ isolation: 'schema' });
  const move = { id: manager.newId(), kind: 'tenant.move', tenantId: id, actor: 'test', total: 1 } as const;
  const change = (settings: object) =>
    changeConnectionSettings(manager, id, 'ledger', { actor: 'test', change: settings });
  await beginOperation(manager.control.pool, { ...move, at: new Date().toISOString() });
  await expect(change({ statementTimeout: '5s' })).rejects.toMatchObject({ reasonName: 'operation_running' });
  expect(await change({ maxOpenConns: 4 })).toMatchObject({ connectionsMax: 4, statementTimeoutMs: null });
  await manager.control.pool.query(`update operation set state = 'cancelled' where id = $1`, [move.id]);
  expect(await change({ statementTimeout: '5s' })).toMatchObject({ connectionsMax: 4, statementTimeoutMs: 5_000 });
});
