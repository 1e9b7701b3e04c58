import type { TenantId } from '@cofferdam/core';
import { noSuchTenant } from './change-status.js';
import type { ControlDatabase, ControlTx } from './control-database.js';
import { TenancyError } from './tenancy-error.js';
import { lockTenant } from './tenant-record.js';

export type AssociationStatus = 'provisioning' | 'active' | 'suspended' | 'purged' | 'failed';

export interface Association {
  readonly serviceName: string;
  readonly status: AssociationStatus;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The one service there is so far; it is associated when the tenant is made. */
export const services: readonly string[] = ['ledger'];

export async function getAssociation(control: ControlDatabase, id: TenantId, service: string): Promise<Association> {
  if (!services.includes(service)) throw noSuchService(service);
  const { rows } = await control.pool.query<Association>(
    `select service as "serviceName", status, created_at as "createdAt", updated_at as "updatedAt"
       from association where tenant_id = $1 and service = $2`,
    [id, service],
  );
  const [association] = rows;
  if (association === undefined) throw noSuchService(service);
  return association;
}

/** @throws TenancyError association_exists always for `ledger`, since the tenant was made with it. */
export async function associate(
  control: ControlDatabase,
  id: TenantId,
  service: string,
  actor: string,
): Promise<never> {
  const association = await getAssociation(control, id, service);
  await control.audit({ actor, action: 'association.create', tenantId: id, outcome: 'refused', details: { service } });
  throw new TenancyError(
    'association_exists',
    `The tenant already has the service ${service} (${association.status}).`,
  );
}

/** Suspends or reactivates one service of a tenant. @throws TenancyError wrong_status when it already is so. */
export async function setAssociationStatus(
  control: ControlDatabase,
  id: TenantId,
  service: string,
  change: { readonly from: AssociationStatus; readonly to: AssociationStatus; readonly actor: string },
): Promise<Association> {
  const action = change.to === 'active' ? 'association.reactivate' : 'association.suspend';
  await control.change(async (tx) => {
    const tenant = await lockTenant(tx.client, id);
    if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
    const { status } = await getAssociation(control, id, service);
    if (status !== change.from) {
      const details = { service, status };
      await control.audit({ actor: change.actor, action, tenantId: id, outcome: 'refused', details });
      throw new TenancyError(
        'wrong_status',
        `The service ${service} is ${status}; it would have to be ${change.from}.`,
        { status },
      );
    }
    await tx.client.query('update association set status = $3, updated_at = $4 where tenant_id = $1 and service = $2', [
      id,
      service,
      change.to,
      tx.at,
    ]);
    await tx.audit({ actor: change.actor, action, tenantId: id, outcome: 'done', details: { service } });
    await touchTenant(tx, id);
  });
  return getAssociation(control, id, service);
}

async function touchTenant(tx: ControlTx, id: TenantId): Promise<void> {
  const version = await tx.nextVersion();
  await tx.client.query('update tenant set version = $2, updated_at = $3 where id = $1', [id, version, tx.at]);
}

function noSuchService(service: string): TenancyError {
  return new TenancyError('service_not_found', `There is no service ${service}; known: ${services.join(', ')}.`);
}
