import type { TenantId } from '@cofferdam/core';
import type { ControlDatabase, ControlTx } from './control-database.js';
import { refuseWhileMoving } from './move/unfinished-move.js';
import { beginOperation, finishUnfinished } from './operations.js';
import { provisioningStepsTotal } from './provisioning/steps.js';
import { TenancyError } from './tenancy-error.js';
import { findTenant, lockTenant, setTenantStatus, type TenantRecord, type TenantStatus } from './tenant-record.js';

export interface StatusTools {
  readonly control: ControlDatabase;
  readonly now: () => Date;
  readonly newId: () => string;
  /** 0: purge at once. */
  readonly retentionDays: number;
}

/** active → suspended: no request of the tenant is served any more; its data stays. */
export function suspendTenant(tools: StatusTools, id: TenantId, actor: string): Promise<TenantRecord> {
  return change(tools, id, actor, 'tenant.suspend', async (tx, tenant) => {
    if (tenant.status !== 'active') throw refuse(tenant, 'suspended');
    await setTenantStatus(tx, id, { status: 'suspended' });
  });
}

/** suspended or deleting → active; failed → provisioning, for another attempt from the first step. */
export function reactivateTenant(tools: StatusTools, id: TenantId, actor: string): Promise<TenantRecord> {
  return change(tools, id, actor, 'tenant.reactivate', async (tx, tenant) => {
    if (tenant.status === 'failed') {
      await provisionAnew(tx, id, { actor, operationId: tools.newId() });
      return;
    }
    if (tenant.status === 'deleting' && tenant.purgeStartedAt !== null)
      throw new TenancyError(
        'wrong_status',
        'The retention has ended and the data is being removed: there is no way back.',
        { status: tenant.status, possible: [] },
      );
    if (tenant.status === 'deleting') await finishUnfinished(tx, id, 'tenant.purge', { state: 'cancelled' });
    if (tenant.status === 'deleting' && !(await wasActive(tx, id)))
      return setTenantStatus(tx, id, { status: 'failed', reason: 'reactivated from deletion; it was never active' });
    if (tenant.status !== 'suspended' && tenant.status !== 'deleting') throw refuse(tenant, 'reactivated');
    await setTenantStatus(tx, id, { status: 'active' });
  });
}

/** Every process has heard of a suspension after this long (contract, "Suspension"). */
export const heardOfMs = 2_000;

/**
 * suspended or failed → deleting. What is suspended was confirmed once already; this is the second time (contract). Even
 * without a retention the purge waits until every process has heard of the suspension: one that has not would look for a
 * store that is gone, and answer 503 where 403 is due.
 */
export function deleteTenant(tools: StatusTools, id: TenantId, actor: string): Promise<TenantRecord> {
  return change(tools, id, actor, 'tenant.delete', async (tx, tenant) => {
    if (tenant.status !== 'suspended' && tenant.status !== 'failed') throw refuse(tenant, 'deleted');
    await refuseWhileMoving(tx.client, id);
    const retentionEnd = tools.now().getTime() + tools.retentionDays * 86_400_000;
    const heardOf = tenant.status === 'suspended' ? Date.parse(tenant.updatedAt) + heardOfMs : 0;
    const purgeAfter = new Date(Math.max(retentionEnd, heardOf)).toISOString();
    await beginOperation(tx.client, {
      id: tools.newId(),
      kind: 'tenant.purge',
      tenantId: id,
      actor,
      total: purgeSteps.length,
      notBefore: purgeAfter,
      at: tx.at,
    });
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

/** What a purge does, in order. */
export const purgeSteps = ['store', 'directory', 'tombstone'] as const;

/** failed, or active with purged books → provisioning. The Access Manager's rows stay when they were made already. */
export async function provisionAnew(
  tx: ControlTx,
  id: TenantId,
  by: { readonly actor: string; readonly operationId: string },
): Promise<void> {
  await tx.client.query(
    `update provisioning set done = case when input is null then '{"seed-access": 0}' else '{}' end::jsonb, error = null,
            finished_at = null, updated_at = $2
      where tenant_id = $1`,
    [id, tx.at],
  );
  await beginOperation(tx.client, {
    id: by.operationId,
    kind: 'tenant.provision',
    tenantId: id,
    actor: by.actor,
    total: provisioningStepsTotal,
    at: tx.at,
  });
  await setTenantStatus(tx, id, { status: 'provisioning' });
}

/** From each status, what an operator may ask for. */
const possible: Readonly<Record<TenantStatus, readonly string[]>> = {
  provisioning: [],
  failed: ['reactivate', 'delete'],
  active: ['suspend', 'rotate', 'move'],
  suspended: ['reactivate', 'delete', 'rotate', 'move'],
  deleting: ['reactivate'],
  deleted: [],
};

/** 409, saying what would be possible instead. */
export function refuse(tenant: TenantRecord, verb: string): TenancyError {
  const { status } = tenant;
  const instead = possible[status];
  const hint = instead.length === 0 ? 'wait for its end' : `possible now: ${instead.join(', ')}`;
  return new TenancyError('wrong_status', `The tenant is ${status} and cannot be ${verb}; ${hint}.`, {
    status,
    possible: instead,
  });
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
    if (error instanceof TenancyError && error.reasonName !== 'tenant_not_found')
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
