import type { TenantId } from '@cofferdam/core';
import type { ControlDatabase, ControlTx } from './control-database.js';
import { TenancyError } from './tenancy-error.js';
import { findTenant, lockTenant, setTenantStatus, type TenantRecord, type TenantStatus } from './tenant-record.js';

export interface StatusTools {
  readonly control: ControlDatabase;
  readonly now: () => Date;
  /** 0: purge at once. */
  readonly retentionDays: number;
}

/** active → suspended: no request of the tenant is served any more; its data stays. */
export function suspendTenant(tools: StatusTools, id: TenantId, actor: string): Promise<TenantRecord> {
  return change(tools, id, actor, 'tenant.suspend', async (tx, tenant) => {
    if (tenant.status !== 'active') throw refuse(tenant, 'suspended', 'active');
    await setTenantStatus(tx, id, { status: 'suspended' });
  });
}

/** suspended or deleting → active; failed → provisioning, for another attempt from the first step. */
export function reactivateTenant(tools: StatusTools, id: TenantId, actor: string): Promise<TenantRecord> {
  return change(tools, id, actor, 'tenant.reactivate', async (tx, tenant) => {
    if (tenant.status === 'failed') {
      await tx.client.query(`update provisioning set done = '{}', error = null, updated_at = $2 where tenant_id = $1`, [
        id,
        tx.at,
      ]);
      await setTenantStatus(tx, id, { status: 'provisioning' });
      return;
    }
    if (tenant.status === 'deleting' && tenant.purgeStartedAt !== null)
      throw new TenancyError(
        'wrong_status',
        'The retention has ended and the data is being removed: there is no way back.',
      );
    if (tenant.status === 'deleting' && !(await wasActive(tx, id)))
      return setTenantStatus(tx, id, { status: 'failed', reason: 'reactivated from deletion; it was never active' });
    if (tenant.status !== 'suspended' && tenant.status !== 'deleting')
      throw refuse(tenant, 'reactivated', 'suspended, deleting or failed');
    await setTenantStatus(tx, id, { status: 'active' });
  });
}

/** Every process has heard of a suspension after this long (contract, "Suspension"). */
const heardOfMs = 2_000;

/**
 * suspended or failed → deleting. What is suspended was confirmed once already; this is the second time (contract). Even
 * without a retention the purge waits until every process has heard of the suspension: one that has not would look for a
 * store that is gone, and answer 503 where 403 is due.
 */
export function deleteTenant(tools: StatusTools, id: TenantId, actor: string): Promise<TenantRecord> {
  return change(tools, id, actor, 'tenant.delete', async (tx, tenant) => {
    if (tenant.status !== 'suspended' && tenant.status !== 'failed')
      throw refuse(tenant, 'deleted', 'suspended or failed; suspend it first');
    const retentionEnd = tools.now().getTime() + tools.retentionDays * 86_400_000;
    const heardOf = tenant.status === 'suspended' ? Date.parse(tenant.updatedAt) + heardOfMs : 0;
    const purgeAfter = new Date(Math.max(retentionEnd, heardOf)).toISOString();
    await setTenantStatus(tx, id, { status: 'deleting', purgeAfter });
  });
}

async function wasActive(tx: ControlTx, id: TenantId): Promise<boolean> {
  const { rows } = await tx.client.query<{ yes: boolean }>(
    'select activated_at is not null as yes from tenant where id = $1',
    [id],
  );
  return rows[0]?.yes === true;
}

function refuse(tenant: TenantRecord, verb: string, needed: string): TenancyError {
  const status: TenantStatus = tenant.status;
  return new TenancyError(
    'wrong_status',
    `The tenant is ${status} and cannot be ${verb}: it would have to be ${needed}.`,
    {
      status,
    },
  );
}

async function change(
  { control }: StatusTools,
  id: TenantId,
  actor: string,
  action: string,
  work: (tx: ControlTx, tenant: TenantRecord) => Promise<void>,
): Promise<TenantRecord> {
  try {
    await control.change(async (tx) => {
      const tenant = await lockTenant(tx.client, id);
      if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
      await tx.audit({ actor, action, tenantId: id, outcome: 'done', details: { before: tenant.status } });
      await work(tx, tenant);
    });
  } catch (error) {
    if (error instanceof TenancyError && error.reasonName === 'wrong_status')
      await control.audit({ actor, action, tenantId: id, outcome: 'refused', details: error.extra });
    throw error;
  }
  const tenant = await findTenant(control.pool, id);
  if (tenant === undefined) throw noSuchTenant();
  return tenant;
}

export function noSuchTenant(): TenancyError {
  return new TenancyError('tenant_not_found', 'No tenant has this id.');
}
