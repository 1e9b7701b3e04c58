import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@cofferdam/core';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { migrate } from '../../postgres/migrate.js';
import { isContract, lastExpand, type Migration } from '../../postgres/migration.js';
import { isConnectionLost, isLockTimeout } from '../../postgres/pg-errors.js';
import type { AdminConnections } from '../admin-connections.js';
import { connectMigrator } from '../connect-migrator.js';
import type { ControlDatabase } from '../control-database.js';
import type { Vault } from '../credentials.js';
import { refuseWhileMoving } from '../move/unfinished-move.js';
import { getPlacement } from '../placement.js';

export interface FleetTools {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
  readonly ledgerMigrations: readonly Migration[];
  readonly runtimeGrants: (login: string) => string;
}

export interface Patience {
  /** How long one attempt may keep the requests of a tenant waiting behind its lock. */
  readonly lockTimeoutMs: number;
  /** How long to go on trying before the tenant counts as failed. */
  readonly patienceMs: number;
}

/**
 * Brings the books of one tenant up to date, as its migrator, and records it. A lock that is not to be had at once is asked
 * for again later rather than waited for: everything that wants the table queues behind a waiting `alter table`. What was
 * done and not recorded (the process was killed) is found done by the next run.
 * Returns the attempts it took.
 */
export async function migrateOne(
  tools: FleetTools,
  tenantId: TenantId,
  held: ReadonlySet<string>,
  patience: Patience,
): Promise<number> {
  await refuseWhileMoving(tools.control.pool, tenantId);
  const deadline = performance.now() + patience.patienceMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await bringToHead(tools, tenantId, held, patience.lockTimeoutMs);
      await recordHead(tools, tenantId, held);
      return attempt;
    } catch (error) {
      const isPassing = isLockTimeout(error) || isConnectionLost(error);
      if (!isPassing || performance.now() > deadline) throw error;
      await delay(Math.min(100 * 2 ** attempt, 2_000) * (0.5 + Math.random()));
    }
  }
}

async function bringToHead(
  tools: FleetTools,
  tenantId: TenantId,
  hold: ReadonlySet<string>,
  lockTimeoutMs: number,
): Promise<void> {
  const { client, database, schema, ownerRole } = await connectMigrator(tools, tenantId);
  try {
    const expect = { database, schema };
    await migrate(client, tools.ledgerMigrations, { expect, asRole: ownerRole, lockTimeoutMs, hold });
    // New tables are of no use to a run-time login without its rights on them.
    const { store } = await getPlacement(tools.control.pool, tenantId);
    await client.query(
      `begin; set local lock_timeout = ${Math.trunc(lockTimeoutMs)}; set local role ${id(ownerRole)};
       ${tools.runtimeGrants(id(store.runtimeLogin))}; commit`,
    );
  } finally {
    await client.end();
  }
}

async function recordHead(
  { control, ledgerMigrations }: FleetTools,
  tenantId: TenantId,
  held: ReadonlySet<string>,
): Promise<void> {
  const expand = lastExpand(ledgerMigrations) ?? null;
  const contract = ledgerMigrations.filter((one) => isContract(one) && !held.has(one.id)).at(-1)?.id ?? null;
  await control.change(async (tx) => {
    await tx.client.query(
      `update placement set schema_version = $2, contract_version = greatest(contract_version, $3),
              migration_error = null, migration_failed_at = null, updated_at = $4 where tenant_id = $1`,
      [tenantId, expand, contract, tx.at],
    );
    await tx.audit({
      actor: 'system',
      action: 'tenant.migrate',
      tenantId,
      outcome: 'done',
      details: { schemaVersion: expand, contractVersion: contract },
    });
    const version = await tx.nextVersion();
    await tx.client.query('update tenant set version = $2 where id = $1', [tenantId, version]);
  });
}

/** The tenant stays where it was; why is kept for `doctor`. No feed: nothing changed for the processes. */
export async function recordFailure({ control }: FleetTools, tenantId: TenantId, error: string): Promise<void> {
  await control.change(async (tx) => {
    await tx.client.query('update placement set migration_error = $2, migration_failed_at = $3 where tenant_id = $1', [
      tenantId,
      error.slice(0, 1_000),
      tx.at,
    ]);
    await tx.audit({ actor: 'system', action: 'tenant.migrate', tenantId, outcome: 'failed', details: { error } });
  });
}
