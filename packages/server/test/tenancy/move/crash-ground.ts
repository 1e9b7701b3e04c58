import type { TenantId } from '@cofferdam/core';
import { v7 as uuidv7 } from 'uuid';
import { ledgerMigrations } from '../../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../../src/ledger/migrations/runtime-grants.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';
import type { MoveDetails } from '../../../src/tenancy/move/move-record.js';
import { getOperation } from '../../../src/tenancy/operations.js';
import { physicalName } from '../../../src/tenancy/physical-names.js';
import { createTenantManager } from '../../../src/tenancy/tenant-manager.js';
import { asAdmin } from '../../support/cluster.js';
import { createInstallation, silentLog, testSecrets } from '../support/installation.js';
import { startLedgerProcess } from '../support/ledger-process.js';

/** An installation whose own process carries no move on, and a ledger process that serves and writes meanwhile. */
export async function openCrashGround() {
  const installation = await createInstallation({ retentionDays: 0, workerIntervalMs: 3_600_000 });
  const ledger = await startLedgerProcess(installation);
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
        ...{
          secrets: testSecrets,
          defaultIsolation: 'database',
          retentionDays: 0,
          now: () => new Date(),
          newId: uuidv7,
        },
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
    for (const deadline = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
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

  return {
    installation,
    freezeAndCut,
    write,
    names,
    carryOn,
    detailsOf,
    traces,
    /** What `write` has written since the last time asked for; the next rows are counted anew. */
    expected: () => Array.from({ length: written }, (_, at) => `row ${at}`).sort(),
    startAnew() {
      written = 0;
    },
    async close() {
      await ledger.stop();
      await installation.remove();
    },
  };
}
