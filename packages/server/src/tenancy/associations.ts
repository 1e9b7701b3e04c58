import type { TenantId } from '@cofferdam/core';
import { heardOfMs, noSuchTenant, provisionAnew } from './change-status.js';
import type { ControlDatabase, ControlTx } from './control-database.js';
import { newPassword, type Vault } from './credentials.js';
import { refuseWhileMoving } from './move/unfinished-move.js';
import { beginOperation, finishUnfinished } from './operations.js';
import { TenancyError } from './tenancy-error.js';
import { lockTenant, type TenantRecord, touchTenant } from './tenant-record.js';

export type AssociationStatus =
  | 'provisioning'
  | 'active'
  | 'suspended'
  | 'disassociated'
  | 'purging'
  | 'purged'
  | 'failed';

export interface Association {
  readonly serviceName: string;
  readonly status: AssociationStatus;
  /** Status purging: the books are dropped after this. */
  readonly purgeAfter?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The one service there is so far; it is associated when the tenant is made. */
export const services: readonly string[] = ['ledger'];

/** What an operator may ask of an association. */
export type AssociationAction = 'suspend' | 'reactivate' | 'disassociate' | 'purge' | 'associate';

/** Tenancy §2.3. Everything else answers 409 and what is possible. */
const transitions: Readonly<Record<AssociationStatus, Partial<Record<AssociationAction, AssociationStatus>>>> = {
  provisioning: {},
  active: { suspend: 'suspended', disassociate: 'disassociated' },
  suspended: { reactivate: 'active', disassociate: 'disassociated', purge: 'purging' },
  disassociated: { associate: 'active', purge: 'purging' },
  purging: { reactivate: 'suspended' },
  purged: { associate: 'provisioning' },
  failed: {},
};

export interface AssociationTools {
  readonly control: ControlDatabase;
  readonly vault: Vault;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly retentionDays: number;
}

interface Row extends Omit<Association, 'purgeAfter'> {
  readonly purgeAfter: string | null;
  readonly purgeStartedAt: string | null;
}

export async function getAssociation(
  client: Parameters<typeof lockTenant>[0] | ControlDatabase['pool'],
  id: TenantId,
  service: string,
): Promise<Association> {
  const { purgeAfter, purgeStartedAt: _, ...association } = await readRow(client, id, service);
  return { ...association, ...(purgeAfter === null ? {} : { purgeAfter }) };
}

/**
 * One step of an association's life. Of a tenant whose books were purged, `associate` makes new ones; until they are there
 * the tenant is `provisioning` again.
 * @throws TenancyError service_not_found, tenant_not_found, association_exists, wrong_status
 */
export async function changeAssociation(
  tools: AssociationTools,
  id: TenantId,
  service: string,
  by: { readonly action: AssociationAction; readonly actor: string },
): Promise<Association> {
  const { control } = tools;
  const action = `association.${by.action}`;
  try {
    await control.change(async (tx) => {
      const tenant = await lockTenant(tx.client, id);
      if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
      const found = await readRow(tx.client, id, service);
      const next = transitions[found.status][by.action];
      if (next === undefined) throw refuse(service, found.status, by.action);
      if (found.status === 'purging' && found.purgeStartedAt !== null)
        throw new TenancyError('wrong_status', 'The books are being removed: there is no way back.', {
          status: found.status,
          possible: [],
        });
      await apply(tools, tx, { tenant, service, from: found.status, to: next, actor: by.actor });
      const details = { service, before: found.status };
      await tx.audit({ actor: by.actor, action, tenantId: id, outcome: 'done', details });
      await touchTenant(tx, id);
    });
  } catch (error) {
    if (error instanceof TenancyError && error.reasonName !== 'tenant_not_found')
      await control.audit({
        actor: by.actor,
        action,
        tenantId: id,
        outcome: 'refused',
        details: { service, ...error.extra },
      });
    throw error;
  }
  return getAssociation(control.pool, id, service);
}

async function apply(
  tools: AssociationTools,
  tx: ControlTx,
  change: {
    readonly tenant: TenantRecord;
    readonly service: string;
    readonly from: AssociationStatus;
    readonly to: AssociationStatus;
    readonly actor: string;
  },
): Promise<void> {
  const { tenant, service, from, to, actor } = change;
  const purgeAfter =
    to === 'purging'
      ? new Date(tools.now().getTime() + Math.max(tools.retentionDays * 86_400_000, heardOfMs)).toISOString()
      : null;
  if (from === 'purged') {
    // Provisioning ends in `active`: it would lift a suspension that nobody has lifted.
    if (tenant.status !== 'active')
      throw new TenancyError('wrong_status', `The tenant is ${tenant.status}; it would have to be active.`, {
        status: tenant.status,
      });
    await newCredentials(tools, tx, tenant.id);
    await provisionAnew(tx, tenant.id, { actor, operationId: tools.newId() });
  }
  if (to === 'purging') {
    await refuseWhileMoving(tx.client, tenant.id);
    await beginOperation(tx.client, {
      id: tools.newId(),
      kind: 'association.purge',
      tenantId: tenant.id,
      actor,
      total: 1,
      notBefore: purgeAfter ?? tx.at,
      at: tx.at,
    });
  }
  if (from === 'purging') await finishUnfinished(tx, tenant.id, 'association.purge', { state: 'cancelled' });
  await tx.client.query(
    `update association set status = $3, purge_after = $4, purge_started_at = null, updated_at = $5
      where tenant_id = $1 and service = $2`,
    [tenant.id, service, to, purgeAfter, tx.at],
  );
}

/** The names of its database and logins are its own for ever; the passwords are new. */
async function newCredentials({ vault }: AssociationTools, tx: ControlTx, id: TenantId): Promise<void> {
  await tx.client.query(
    `update placement set runtime_credential = $2, migrator_credential = $3, schema_version = null, updated_at = $4,
            origin = case when origin = 'adopted' then 'created' else origin end
      where tenant_id = $1`,
    [id, vault.seal(id, 'runtime-login', newPassword()), vault.seal(id, 'migrator-login', newPassword()), tx.at],
  );
}

function refuse(service: string, status: AssociationStatus, action: AssociationAction): TenancyError {
  const possible = Object.keys(transitions[status]);
  if (action === 'associate')
    return new TenancyError('association_exists', `The tenant already has the service ${service} (${status}).`, {
      status,
      possible,
    });
  const hint = possible.length === 0 ? 'wait for its end' : `possible now: ${possible.join(', ')}`;
  return new TenancyError('wrong_status', `The service ${service} is ${status}: ${action} is not possible; ${hint}.`, {
    status,
    possible,
  });
}

async function readRow(
  client: Parameters<typeof lockTenant>[0] | ControlDatabase['pool'],
  id: TenantId,
  service: string,
) {
  if (!services.includes(service)) throw noSuchService(service);
  const { rows } = await client.query<Row>(
    `select service as "serviceName", status, purge_after as "purgeAfter", purge_started_at as "purgeStartedAt",
            created_at as "createdAt", updated_at as "updatedAt"
       from association where tenant_id = $1 and service = $2`,
    [id, service],
  );
  const [association] = rows;
  if (association === undefined) throw noSuchService(service);
  return association;
}

function noSuchService(service: string): TenancyError {
  return new TenancyError('service_not_found', `There is no service ${service}; known: ${services.join(', ')}.`);
}
