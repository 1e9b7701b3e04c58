import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toDatabaseUrl, withLogin } from '../../src/postgres/connection-settings.js';
import { type EmbeddedServer, startEmbedded } from '../../src/postgres/embedded/start-embedded.js';
import { installationNames } from '../../src/postgres/installation.js';
import { openAdminConnections } from '../../src/tenancy/admin-connections.js';
import { deleteTenant, suspendTenant } from '../../src/tenancy/change-status.js';
import { purgeTenant } from '../../src/tenancy/purge-tenant.js';
import { createInstallation, silentLog } from './support/installation.js';
import { startLedgerProcess } from './support/ledger-process.js';

// A cluster of its own: on the shared one, other tests have closed `postgres` and `template1` as superuser.
let folder: string;
let server: EmbeddedServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-admin-'));
  const log = { info() {}, warn() {} };
  server = await startEmbedded({
    directory: join(folder, 'postgres'),
    log,
    ourFolders: [folder],
    settings: { fsync: 'off' },
  });
});
afterAll(async () => {
  await server.stop({ fastMs: 1_000, immediateMs: 3_000 });
  rmSync(folder, { recursive: true, force: true });
});

test('an admin who is no superuser prepares, provisions, serves and purges in both modes, and is warned of what stays open', async () => {
  const superuser = new pg.Client(toDatabaseUrl(server.adminSettings));
  await superuser.connect();
  await superuser.query(`create role dba login createrole createdb password 'dba-password'`);
  const admin = withLogin(server.adminSettings, 'dba', 'dba-password');
  const names = installationNames('restricted');
  const installation = await createInstallation({ admin, names, retentionDays: 0 });
  const ledger = await startLedgerProcess(installation);
  try {
    expect(installation.prepared.warnings).toHaveLength(2);
    expect(installation.prepared.warnings.join()).toMatch(/postgres.*template1/s);
    for (const isolation of ['database', 'schema', 'database', 'schema'] as const) {
      const tenant = await installation.create({ isolation });
      expect(tenant).toMatchObject({ status: 'active', statusReason: null });
      const { pool } = await ledger.resolve(tenant.id);
      await pool.pg.query('select * from organization');
      await suspendTenant(installation.manager, tenant.id, 'test');
      await deleteTenant(installation.manager, tenant.id, 'test');
      const connections = openAdminConnections({
        admin,
        control: installation.manager.control.pool,
        vault: installation.vault,
        names,
        onError() {},
      });
      const now = () => new Date(Date.now() + 2_000); // by then every process has heard of the suspension
      const tools = { ...installation.manager, now, admin: connections, access: installation.seeder, log: silentLog };
      expect(await purgeTenant(tools, tenant.id)).toBe(true);
      await connections.close();
      const { rows } = await superuser.query(`select rolname from pg_roles where rolname like 't\\_%'`);
      expect(rows).toEqual([]);
    }
  } finally {
    await ledger.stop();
    await installation.manager.stop();
    await superuser.end();
  }
});
