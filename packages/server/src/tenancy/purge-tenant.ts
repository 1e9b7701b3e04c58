import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@cofferdam/core';
import { quoteIdentifier as id } from '../postgres/identifiers.js';
import type { AdminServer } from './admin-connections.js';
import { otherRuntimeLogin } from './physical-names.js';
import { getPlacement, type Placement } from './placement.js';
import { underTenantLock } from './provisioning/provision-tenant.js';
import type { ProvisioningTools } from './provisioning/run.js';
import { lockTenant, setTenantStatus } from './tenant-record.js';
import { changeSharedRights } from './walls/serialize.js';
import { grantToAdmin } from './walls/store-roles.js';

/** A purge comes 2 s after the suspension at the soonest; with these a statement under way had 5 s in all. */
const runningGraceMs = 3_000;

export type PurgeTools = Pick<ProvisioningTools, 'control' | 'admin' | 'names' | 'access' | 'log' | 'boundary'> & {
  readonly now: () => Date;
};

/**
 * Drops database or schema, logins and directory rows of a tenant whose retention has ended, then tombstones it. Each
 * part is idempotent, so a purge that was cut short is finished by the next one. True when this call did it.
 */
export async function purgeTenant(tools: PurgeTools, tenantId: TenantId): Promise<boolean> {
  const done = await underTenantLock(tools.control.pool, tenantId, async () => {
    if (!(await begin(tools, tenantId))) return false;
    const placement = await getPlacement(tools.control.pool, tenantId);
    await tools.boundary?.('worked', 'purge-begin');
    await dropStore(await tools.admin.server(placement.serverId), placement, tools.names.sharedDatabase);
    await tools.boundary?.('worked', 'purge-store');
    await tools.access.purge(tenantId);
    await finish(tools, tenantId);
    tools.log.info({ tenantId }, 'tenant is deleted');
    return true;
  });
  return done ?? false;
}

/** After this there is no way back by `reactivate`. */
async function begin({ control, now }: PurgeTools, tenantId: TenantId): Promise<boolean> {
  return control.change(async ({ client, at }) => {
    const tenant = await lockTenant(client, tenantId);
    if (tenant?.status !== 'deleting' || tenant.purgeAfter === null) return false;
    if (Date.parse(tenant.purgeAfter) > now().getTime()) return false;
    await client.query('update tenant set purge_started_at = coalesce(purge_started_at, $2) where id = $1', [
      tenantId,
      at,
    ]);
    return true;
  });
}

async function dropStore(server: AdminServer, { store }: Placement, sharedDatabase: string): Promise<void> {
  // A rotation that was under way has made the second one.
  const logins = [store.runtimeLogin, otherRuntimeLogin(store.runtimeLogin), store.migratorLogin];
  const { rows } = await server.cluster.query<{ rolname: string }>(
    'select rolname from pg_roles where rolname = any ($1)',
    [[...logins, store.ownerRole]],
  );
  const roles = rows.map(({ rolname }) => rolname);
  for (const role of roles) await server.cluster.query(grantToAdmin(role));
  // No new sessions, then none at all; what was under way when the tenant was suspended may end (tenancy §6.3).
  for (const login of roles.filter((role) => logins.includes(role)))
    await server.cluster.query(`alter role ${id(login)} nologin`);
  await untilIdle(server, logins);
  await server.cluster.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = any ($1)', [
    logins,
  ]);
  if (store.database !== sharedDatabase) {
    await server.cluster.query(`drop database if exists ${id(store.database)} with (force)`);
  } else if (roles.length > 0) {
    await server.shared.query(`drop schema if exists ${id(store.schema)} cascade`);
    await changeSharedRights(
      server.cluster,
      `revoke all on database ${id(sharedDatabase)} from ${roles.map(id).join(', ')}`,
    );
    // By now they own nothing; this takes rights left on anything else in the shared database.
    await server.shared.query(`drop owned by ${roles.map(id).join(', ')}`);
  }
  if (roles.length > 0) await server.cluster.query(`drop role ${roles.map(id).join(', ')}`);
}

/** Returns when no session of the logins is in a transaction, or after the grace. */
async function untilIdle({ cluster }: AdminServer, logins: readonly string[]): Promise<void> {
  const deadline = performance.now() + runningGraceMs;
  while (performance.now() < deadline) {
    const { rowCount } = await cluster.query(
      `select from pg_stat_activity where usename = any ($1) and state <> 'idle' limit 1`,
      [logins],
    );
    if (rowCount === 0) return;
    await delay(50);
  }
}

/** The row stays as a tombstone: the id is never used again, the slug is free from here on. */
async function finish({ control }: PurgeTools, tenantId: TenantId): Promise<void> {
  await control.change(async (tx) => {
    await lockTenant(tx.client, tenantId);
    await tx.client.query(
      `update placement set runtime_credential = null, migrator_credential = null, updated_at = $2 where tenant_id = $1`,
      [tenantId, tx.at],
    );
    await tx.client.query(`update association set status = 'purged', updated_at = $2 where tenant_id = $1`, [
      tenantId,
      tx.at,
    ]);
    await tx.client.query('update provisioning set input = null where tenant_id = $1', [tenantId]);
    await tx.client.query(`update tenant set owner_email = null, metadata = '{}', deleted_at = $2 where id = $1`, [
      tenantId,
      tx.at,
    ]);
    await tx.audit({ actor: 'system', action: 'tenant.purge', tenantId, outcome: 'done' });
    await setTenantStatus(tx, tenantId, { status: 'deleted' });
  });
}

/** Tenants whose retention has ended, oldest first. */
export async function listPurgeable({ control, now }: Pick<PurgeTools, 'control' | 'now'>): Promise<TenantId[]> {
  const { rows } = await control.pool.query<{ id: TenantId }>(
    `select id from tenant where status = 'deleting' and purge_after <= $1 order by purge_after limit 100`,
    [now().toISOString()],
  );
  return rows.map((row) => row.id);
}
