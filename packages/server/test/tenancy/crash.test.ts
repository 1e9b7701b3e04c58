import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runtimeGrants } from '../../src/ledger/migrations/runtime-grants.js';
import { createTenant } from '../../src/tenancy/create-tenant.js';
import { getOperation } from '../../src/tenancy/operations.js';
import { physicalName } from '../../src/tenancy/physical-names.js';
import { provisioningSteps } from '../../src/tenancy/provisioning/steps.js';
import { advanceRotation } from '../../src/tenancy/rotation/advance-rotation.js';
import { startRotation } from '../../src/tenancy/rotation/start-rotation.js';
import { underTenantLock } from '../../src/tenancy/tenant-lock.js';
import { asAdmin } from '../support/cluster.js';
import { createInstallation, exists, type Installation } from './support/installation.js';
import { type LedgerProcess, startLedgerProcess } from './support/ledger-process.js';
import { runAndKill as killAt } from './support/run-and-kill.js';

let installation: Installation;
let ledger: LedgerProcess;

beforeAll(async () => {
  installation = await createInstallation({ retentionDays: 0, workerIntervalMs: 60_000 });
  ledger = await startLedgerProcess(installation);
});
afterAll(async () => {
  await ledger.stop();
  await installation.remove();
});

const runAndKill = (tenantIds: TenantId[], point: string, step: string, work?: 'purge') =>
  killAt(installation, tenantIds, point, step, work);

async function reserve(isolation: 'database' | 'schema'): Promise<TenantId> {
  const slug = `crash-${Math.random().toString(36).slice(2, 12)}`;
  const owner = { email: 'owner@crash.example', password: 'Correct-Horse-42' };
  return (await createTenant(installation.manager, { name: slug, slug, owner, isolation }, 'test')).tenant.id;
}

// Between work and record is the worst place: the step is done again. `activate` has no work outside its transaction.
const boundaries = [...provisioningSteps.map(({ name }) => ['worked', name] as const), ['before', 'activate'] as const];

test('killed at every step in turn, in both modes: nothing is active before the last process has finished', async () => {
  const ids = [await reserve('database'), await reserve('schema')];
  for (const [point, step] of boundaries) {
    await runAndKill(ids, point, step);
    for (const id of ids) {
      expect(await installation.get(id), step).toMatchObject({ status: 'provisioning', statusReason: null });
      await expect(ledger.resolve(id), step).rejects.toMatchObject({ info: { reason: 'TENANT_NOT_PROVISIONED' } });
    }
  }
  await installation.manager.start();
  for (const id of ids) {
    await until(async () => {
      installation.manager.lookForWork(); // the last one's lock may have stood a moment longer
      return (await installation.get(id)).status === 'active';
    });
    await untilServed(id);
    const { rows } = await (await ledger.resolve(id)).pool.pg.query('select current_user as login');
    expect(rows[0]).toEqual({ login: physicalName(id) });
  }
  expect(new Set(installation.seeder.seeds.map(({ tenantId }) => tenantId)).size).toBeLessThanOrEqual(2);
}, 300_000);

test('a purge that was cut short is finished by the next process', async () => {
  const ids: TenantId[] = [];
  for (const isolation of ['database', 'schema'] as const) ids.push((await installation.create({ isolation })).id);
  await installation.manager.control.pool.query(
    `update tenant set status = 'deleting', purge_after = now() - interval '1 second' where id = any ($1)`,
    [ids],
  );
  // Purges go one after the other: one tenant at a time comes to the boundary.
  for (const step of ['purge-begin', 'purge-store']) await runAndKill(['x' as TenantId], 'worked', step, 'purge');
  for (const id of ids) {
    await until(async () => {
      installation.manager.lookForWork();
      return (await installation.get(id)).status === 'deleted';
    });
    expect(await exists(physicalName(id))).toEqual({ database: false, role: false });
    // Counted before the drop, by the process that was killed after it.
    const { rows } = await installation.manager.control.pool.query(
      `select details->'report'->'destroyed'->'store'->'tables' as tables from operation where kind = 'tenant.purge' and tenant_id = $1`,
      [id],
    );
    expect(rows[0].tables.length).toBeGreaterThan(10);
  }
}, 180_000);

test('a step that fails leaves the tenant failed, with the reason; reactivating it tries again', async () => {
  const { manager } = installation;
  const id = await reserve('schema');
  const { rows } = await manager.control.pool.query('select schema_name from placement where tenant_id = $1', [id]);
  const { sharedDatabase } = installation.names;
  // Someone put a schema of that name there: the tenant must not take over what it does not own.
  await asAdmin(
    (admin) => admin.query(`create schema "${rows[0].schema_name}"; create table "${rows[0].schema_name}".x ()`),
    sharedDatabase,
  );
  expect(await manager.provisioner.provision(id)).toBe('failed');
  expect(await installation.get(id)).toMatchObject({ status: 'failed', statusReason: expect.stringContaining(':') });
  await untilServed(id, 'TENANT_NOT_PROVISIONED');
  await asAdmin((admin) => admin.query(`drop schema "${rows[0].schema_name}" cascade`), sharedDatabase);
  const { reactivateTenant } = await import('../../src/tenancy/change-status.js');
  await reactivateTenant(manager, id, 'test');
  expect(await manager.provisioner.provision(id)).toBe('active');
});

test('a rotation that is killed again and again ends with one login, which works', async () => {
  const { manager, prepared } = installation;
  const { id } = await installation.create({ isolation: 'schema' });
  const { id: operation } = await startRotation(manager, id, { actor: 'test', overlapSeconds: 0 });
  const any = ['x' as TenantId];
  for (const step of ['rotate-create-login', 'rotate-migrator']) await runAndKill(any, 'worked', step, 'purge');
  const tools = { ...manager, runtimeGrants, templateDatabase: prepared.templateDatabase };
  await until(async () => {
    await advanceRotation(tools, operation); // the killed one's lock may have stood a moment longer
    return (await getOperation(manager.control.pool, operation)).done === 3;
  });
  await runAndKill(any, 'worked', 'rotate-drop', 'purge');
  manager.rotator.take(operation);
  await until(async () => {
    manager.rotator.take(operation);
    return (await getOperation(manager.control.pool, operation)).state === 'succeeded';
  });
  await untilServed(id);
  const { rows } = await (await ledger.resolve(id)).pool.pg.query('select current_user as login');
  expect(rows[0]).toEqual({ login: `${physicalName(id)}_b` });
  expect((await exists(physicalName(id))).role).toBe(false);
  const migrator = await manager.connectMigrator(id);
  await migrator.client.end();
}, 180_000);

test('two processes at one tenant: one works, the other sees that it is busy', async () => {
  const second = await createInstallation({ names: installation.names, workerIntervalMs: 60_000 });
  // A second vault would not open the first one's credentials: only the lock is looked at here.
  const id = await reserve('database');
  await underTenantLock(installation.manager.control, id, async () => {
    expect(await second.manager.provisioner.provision(id)).toBe('busy');
  });
  await second.manager.stop();
  expect(await installation.manager.provisioner.provision(id)).toBe('active');
});

async function untilServed(id: TenantId, reason?: string): Promise<void> {
  await until(() =>
    ledger.resolve(id).then(
      () => reason === undefined,
      (error) => error.info?.reason === reason,
    ),
  );
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
