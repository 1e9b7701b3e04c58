import type { TenantId } from '@cofferdam/core';
import { findUnfinished, finishUnfinished } from './operations.js';
import { dropCounted, writeReport } from './purge-report.js';
import type { Purgeable, PurgeTools } from './purge-tenant.js';
import { underTenantLock } from './tenant-lock.js';
import { lockTenant, touchTenant } from './tenant-record.js';

/** Drops the books of a tenant that stays, when the retention of its association has ended. Idempotent. */
export async function purgeAssociation(tools: PurgeTools, tenantId: TenantId): Promise<boolean> {
  const { control, now } = tools;
  const done = await underTenantLock(control, tenantId, async () => {
    const { rowCount } = await control.pool.query(
      `update association set purge_started_at = coalesce(purge_started_at, $2)
        where tenant_id = $1 and service = 'ledger' and status = 'purging' and purge_after <= $2`,
      [tenantId, now().toISOString()],
    );
    if (rowCount !== 1) return false;
    await control.pool.query(
      `update operation set state = 'running', step = 'store', updated_at = now()
        where tenant_id = $1 and kind = 'association.purge' and state = 'waiting'`,
      [tenantId],
    );
    const operation = await findUnfinished(control.pool, tenantId, 'association.purge');
    await dropCounted(tools, tenantId, operation?.id);
    await control.change(async (tx) => {
      await lockTenant(tx.client, tenantId);
      await tx.client.query(
        `update placement set runtime_credential = null, migrator_credential = null, schema_version = null, updated_at = $2
          where tenant_id = $1`,
        [tenantId, tx.at],
      );
      await tx.client.query(
        `update association set status = 'purged', purge_after = null, purge_started_at = null, updated_at = $2
          where tenant_id = $1 and service = 'ledger'`,
        [tenantId, tx.at],
      );
      const sha256 = await writeReport(tx, tenantId, 'association.purge');
      await finishUnfinished(tx, tenantId, 'association.purge', { state: 'succeeded' });
      // Both logins of it are gone. A move cannot be under way: it is refused, and refuses a purge.
      await finishUnfinished(tx, tenantId, 'tenant.rotate', { state: 'cancelled' });
      const entry = { actor: 'system', action: 'association.purge.finish', tenantId, outcome: 'done' } as const;
      await tx.audit({ ...entry, details: { sha256 } });
      await touchTenant(tx, tenantId);
    });
    tools.log.info({ tenantId }, 'the books of a tenant are purged');
    return true;
  });
  return done ?? false;
}

/** Tenants whose association's retention has ended, oldest first, of each server a hundred at most. */
export async function listPurgeableAssociations({ control, now }: PurgeTools): Promise<Purgeable[]> {
  const { rows } = await control.pool.query<Purgeable>(
    `select id, "serverId" from (
       select a.tenant_id as id, p.server_id as "serverId", a.purge_after,
              row_number() over (partition by p.server_id order by a.purge_after) as place
         from association a join tenant t on t.id = a.tenant_id join placement p on p.tenant_id = a.tenant_id
        where a.status = 'purging' and a.purge_after <= $1 and t.status not in ('deleting', 'deleted')) due
      where place <= 100 order by purge_after`,
    [now().toISOString()],
  );
  return rows;
}
