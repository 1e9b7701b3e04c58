import type { TenantId } from '@cofferdam/core';
import { noSuchTenant } from './change-status.js';
import type { ControlDatabase } from './control-database.js';
import type { TenantQuotas } from './quotas.js';
import { lockTenant } from './tenant-record.js';

/** @throws TenancyError tenant_not_found */
export async function getQuotas(
  { control }: { readonly control: ControlDatabase },
  id: TenantId,
): Promise<TenantQuotas> {
  const { rows } = await control.pool.query<{ quotas: TenantQuotas }>(
    `select quotas from tenant where id = $1 and status <> 'deleted'`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw noSuchTenant();
  return row.quotas;
}

/** Replaces all of them; every process hears of it through the change feed. @throws TenancyError tenant_not_found */
export async function setQuotas(
  { control }: { readonly control: ControlDatabase },
  id: TenantId,
  quotas: TenantQuotas,
  actor: string,
): Promise<TenantQuotas> {
  await control.change(async (tx) => {
    const tenant = await lockTenant(tx.client, id);
    if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
    await tx.audit({ actor, action: 'tenant.quotas', tenantId: id, outcome: 'done', details: { quotas } });
    const version = await tx.nextVersion();
    await tx.client.query('update tenant set quotas = $2, version = $3, updated_at = $4 where id = $1', [
      id,
      JSON.stringify(quotas),
      version,
      tx.at,
    ]);
  });
  return quotas;
}
