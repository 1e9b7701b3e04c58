import type { TenantId } from '@cofferdam/core';
import { purgeSteps } from './change-status.js';
import { beginOperation, findUnfinished, finishUnfinished, operationKinds, recordProgress } from './operations.js';
import type { ProvisioningTools } from './provisioning/run.js';
import { dropCounted, purgeDirectory, writeReport } from './purge-report.js';
import { underTenantLock } from './tenant-lock.js';
import { lockTenant, setTenantStatus } from './tenant-record.js';

export type PurgeTools = Pick<ProvisioningTools, 'control' | 'admin' | 'names' | 'access' | 'log' | 'boundary'> & {
  readonly now: () => Date;
  readonly newId: () => string;
};

/**
 * Drops database or schema, logins and directory rows of a tenant whose retention has ended, then tombstones it. Each
 * part is idempotent, so a purge that was cut short is finished by the next one. True when this call did it.
 */
export async function purgeTenant(tools: PurgeTools, tenantId: TenantId): Promise<boolean> {
  const { control } = tools;
  const done = await underTenantLock(control, tenantId, async () => {
    const operationId = await begin(tools, tenantId);
    if (operationId === undefined) return false;
    const progress = (step: (typeof purgeSteps)[number]) =>
      recordProgress(control.pool, operationId, { step, done: purgeSteps.indexOf(step) + 1 });
    try {
      await tools.boundary?.('worked', 'purge-begin');
      await dropCounted(tools, tenantId, operationId);
      await tools.boundary?.('worked', 'purge-store');
      await progress('store');
      await purgeDirectory(tools, tenantId, operationId);
      await progress('directory');
      await finish(tools, tenantId);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      await control.pool.query('update operation set error = $2, attempts = attempts + 1 where id = $1', [
        operationId,
        text.slice(0, 1_000),
      ]);
      throw error;
    }
    tools.log.info({ tenantId }, 'tenant is deleted');
    return true;
  });
  return done ?? false;
}

/** After this there is no way back by `reactivate`. Answers the operation that shows the purge. */
async function begin({ control, now, newId }: PurgeTools, tenantId: TenantId): Promise<string | undefined> {
  return control.change(async ({ client, at }) => {
    const tenant = await lockTenant(client, tenantId);
    if (tenant?.status !== 'deleting' || tenant.purgeAfter === null) return undefined;
    if (Date.parse(tenant.purgeAfter) > now().getTime()) return undefined;
    await client.query('update tenant set purge_started_at = coalesce(purge_started_at, $2) where id = $1', [
      tenantId,
      at,
    ]);
    const waiting = await findUnfinished(client, tenantId, 'tenant.purge');
    if (waiting !== undefined) {
      await client.query(`update operation set state = 'running', updated_at = $2 where id = $1`, [waiting.id, at]);
      return waiting.id;
    }
    // Deleted by a build that had no operations yet.
    const id = newId();
    await beginOperation(client, { id, kind: 'tenant.purge', tenantId, actor: 'system', total: purgeSteps.length, at });
    return id;
  });
}

/** The row stays as a tombstone: the id is never used again, the slug is free from here on. */
async function finish({ control }: PurgeTools, tenantId: TenantId): Promise<void> {
  await control.change(async (tx) => {
    const { client, at } = tx;
    await lockTenant(client, tenantId);
    await client.query(
      `with gone as (
         update placement set runtime_credential = null, migrator_credential = null, updated_at = $2
          where tenant_id = $1 returning server_id)
       update server set admin_credential = null, updated_at = $2
        where id in (select server_id from gone) and kind = 'given'`,
      [tenantId, at],
    );
    await client.query(`update association set status = 'purged', updated_at = $2 where tenant_id = $1`, [
      tenantId,
      at,
    ]);
    await client.query('update provisioning set input = null where tenant_id = $1', [tenantId]);
    await client.query(`update tenant set owner_email = null, metadata = '{}', deleted_at = $2 where id = $1`, [
      tenantId,
      at,
    ]);
    const sha256 = await writeReport(tx, tenantId, 'tenant.purge');
    for (const kind of operationKinds)
      await finishUnfinished(tx, tenantId, kind, { state: kind === 'tenant.purge' ? 'succeeded' : 'cancelled' });
    await tx.audit({ actor: 'system', action: 'tenant.purge', tenantId, outcome: 'done', details: { sha256 } });
    await setTenantStatus(tx, tenantId, { status: 'deleted' });
  });
}

/** What is to be purged, and where it is. */
export interface Purgeable {
  readonly id: TenantId;
  readonly serverId: string;
}

/** Tenants whose retention has ended, oldest first, of each server a hundred at most. */
export async function listPurgeable({ control, now }: Pick<PurgeTools, 'control' | 'now'>): Promise<Purgeable[]> {
  const { rows } = await control.pool.query<Purgeable>(
    `select id, "serverId" from (
       select t.id, p.server_id as "serverId", t.purge_after,
              row_number() over (partition by p.server_id order by t.purge_after) as place
         from tenant t join placement p on p.tenant_id = t.id
        where t.status = 'deleting' and t.purge_after <= $1) due
      where place <= 100 order by purge_after`,
    [now().toISOString()],
  );
  return rows;
}
