import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TenantId } from '@cofferdam/core';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerMigrations } from '../../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../../src/ledger/migrations/runtime-grants.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';
import type { MoveDetails } from '../../../src/tenancy/move/move-record.js';
import { decideMove, startMove } from '../../../src/tenancy/move/start-move.js';
import { getOperation } from '../../../src/tenancy/operations.js';
import { physicalName } from '../../../src/tenancy/physical-names.js';
import { createTenantManager } from '../../../src/tenancy/tenant-manager.js';
import { adminUrl, asAdmin } from '../../support/cluster.js';
import { createInstallation, type Installation, silentLog, testSecrets } from '../support/installation.js';
import { type LedgerProcess, startLedgerProcess } from '../support/ledger-process.js';

const child = fileURLToPath(new URL('./moving-process.ts', import.meta.url));
let installation: Installation;
let ledger: LedgerProcess;
beforeAll(async () => {
  // This process carries no move on: only those that are killed do, and the last one.
  installation = await createInstallation({ retentionDays: 0, workerIntervalMs: 3_600_000 });
  ledger = await startLedgerProcess(installation);
});
afterAll(async () => {
  await ledger?.stop();
  await installation?.remove();
});

/** A process that takes up what it finds and is killed there: for the worst place of all. */
function runAndKill(step: string): Promise<string | number | null> {
  const order = {
    adminUrl: adminUrl(),
    prefix: installation.names.prefix,
    key: installation.encryptionKey.toString('base64'),
    step,
  };
  const running = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', child, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve) => running.on('exit', (code, signal) => resolve(signal ?? code)));
}

/**
 * The same as PostgreSQL sees it, in a fraction of the time: a Tenant Manager that never comes back from there, and whose
 * connections, locks and all, are cut; this process's own are left alone.
 */
async function freezeAndCut(operationId: string, step: string, tenantId: TenantId): Promise<void> {
  const { names: installed, admin, prepared, vault } = installation;
  const before = await managersSessions(tenantId);
  await new Promise<void>((arrived) => {
    const manager = createTenantManager({
      ...{ admin, prepared, names: installed, vault, ledgerMigrations, runtimeGrants, access: installation.seeder },
      ...{ secrets: testSecrets, defaultIsolation: 'database', retentionDays: 0, now: () => new Date(), newId: uuidv7 },
      log: silentLog,
      // Frozen, it must not wake up for the next test's move and freeze that one too.
      workerIntervalMs: 3_600_000,
      boundary: (_, at) => {
        if (at !== step) return undefined;
        clearInterval(take);
        arrived();
        return new Promise(() => {});
      },
    });
    // The lock of the one before may stand for a moment.
    const take = setInterval(() => manager.mover.take(operationId), 100);
    void manager.start();
  });
  const frozen = (await managersSessions(tenantId)).filter((pid) => !before.includes(pid));
  await asAdmin((client) =>
    client.query('select pg_terminate_backend(pid, 5000) from unnest($1::int[]) pid', [frozen]),
  );
}

async function managersSessions(tenantId: TenantId): Promise<number[]> {
  const { controlDatabase, sharedDatabase } = installation.names;
  const { rows } = await asAdmin((client) =>
    client.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'cofferdam tenants' and datname = any ($1)`,
      [[controlDatabase, sharedDatabase, physicalName(tenantId)]],
    ),
  );
  return rows.map(({ pid }) => pid);
}

let written = 0;
/** A row of its own, as a request would write it; tried again while the tenant is held or just shut out. */
async function write(id: TenantId): Promise<void> {
  for (const deadline = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    try {
      const { pool } = (await ledger.resolve(id)) as TenantContext;
      await pool.pg.query(
        `insert into organization (id, legal_name, legal_document, status_code, created_at, updated_at)
         values (gen_random_uuid(), $1, 'x', 'ACTIVE', now(), now())`,
        [`row ${written}`],
      );
      written += 1;
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
async function names(id: TenantId): Promise<string[]> {
  const { pool } = await ledger.resolve(id);
  const { rows } = await pool.pg.query<{ name: string }>('select legal_name as name from organization');
  return rows.map(({ name }) => name).sort();
}
/** As its worker does from time to time: the cut may have met this process's connections too, and the look that used them. */
async function carryOn(operationId: string) {
  installation.manager.mover.take(operationId);
  const { state, details } = await getOperation(installation.manager.control.pool, operationId);
  return { state, phase: (details as unknown as MoveDetails).phase };
}
const detailsOf = async (operationId: string) =>
  (await getOperation(installation.manager.control.pool, operationId)).details as unknown as MoveDetails;

async function traces(id: TenantId): Promise<string[]> {
  const name = physicalName(id);
  const { rows } = await asAdmin((admin) =>
    admin.query(
      `select 'role ' || rolname as what from pg_roles where starts_with(rolname, $1)
       union all select 'database ' || datname from pg_database where starts_with(datname, $1)
       union all select 'slot ' || slot_name from pg_replication_slots where starts_with(slot_name, $1)
       union all select 'subscription ' || subname from pg_subscription where starts_with(subname, $1) order by 1`,
      [name],
    ),
  );
  return rows.map(({ what }) => what.replace(name, 't'));
}

const toSwitch = [
  'move-prepare',
  'move-tables',
  'move-follow',
  'move-offer-back',
  'move-compare',
  'move-hold',
  'move-shut',
  'move-rename',
  'move-switch',
  'move-withdraw',
  'move-follow-back',
] as const;

test('killed at every step in turn: the tenant is served where it was, the move goes on, nothing is lost', async () => {
  written = 0;
  const { id } = await installation.create({ isolation: 'database' });
  const { manager } = installation;
  const { id: operationId } = await startMove(manager, id, { actor: 'test', wish: { isolation: 'schema' } });
  for (const step of toSwitch) {
    if (step === 'move-rename') expect(await runAndKill(step)).toBe('SIGKILL');
    else await freezeAndCut(operationId, step, id);
    const { phase } = await detailsOf(operationId);
    expect(phase, step).toBe(toSwitch.indexOf(step) < toSwitch.indexOf('move-switch') ? 'copy' : 'settle');
    // Killed in the pause, its end is for whoever comes next; until then the tenant waits.
    if (!['move-shut', 'move-rename'].includes(step)) await write(id);
  }
  await expect.poll(() => carryOn(operationId), { timeout: 40_000 }).toMatchObject({ phase: 'await' });
  await write(id);
  await decideMove(manager, id, { actor: 'test', decision: 'confirm' });
  for (const step of ['move-take-down', 'move-leave']) {
    await freezeAndCut(operationId, step, id);
    await write(id);
  }
  await expect.poll(() => carryOn(operationId), { timeout: 40_000 }).toMatchObject({ state: 'succeeded' });
  expect(await names(id)).toEqual(Array.from({ length: written }, (_, at) => `row ${at}`).sort());
  expect(await traces(id)).toEqual(['role t_b', 'role t_migrator', 'role t_owner']);
}, 360_000);

test('a copy that is not what was copied is found before the switch: the move fails, the old place goes on serving', async () => {
  written = 0;
  const { id } = await installation.create({ isolation: 'schema' });
  const { manager } = installation;
  await write(id);
  const { id: operationId } = await startMove(manager, id, { actor: 'test', wish: { isolation: 'database' } });
  await freezeAndCut(operationId, 'move-follow', id);
  const name = physicalName(id);
  await expect
    .poll(
      () =>
        asAdmin(async (admin) => {
          const { rowCount } = await admin.query(`update ${name}.organization set legal_name = 'another'`);
          return rowCount;
        }, name),
      { timeout: 40_000 },
    )
    .toBe(1);
  await expect.poll(() => carryOn(operationId), { timeout: 40_000 }).toMatchObject({ state: 'failed' });
  expect((await getOperation(manager.control.pool, operationId)).error).toContain('organization (1 rows');
  await write(id);
  expect(await names(id)).toEqual(['row 0', 'row 1']);
  expect(await traces(id)).toEqual(['role t', 'role t_migrator', 'role t_owner']);
}, 240_000);
