import type { TenantId } from '@cofferdam/core';
import { isUniqueViolation } from '../../postgres/pg-errors.js';
import { noSuchTenant, refuse } from '../change-status.js';
import type { ControlDatabase } from '../control-database.js';
import { newPassword, type Vault } from '../credentials.js';
import { refuseWhileMoving } from '../move/unfinished-move.js';
import { beginOperation, getOperation, type Operation } from '../operations.js';
import { otherRuntimeLogin } from '../physical-names.js';
import { getPlacement } from '../placement.js';
import { TenancyError } from '../tenancy-error.js';
import { lockTenant } from '../tenant-record.js';

/** Of one rotation, in order; the third is the moment at which every process begins to change over. */
export const rotationSteps = ['create-login', 'verify', 'switch', 'overlap', 'drop-old-login'] as const;

/** Known to the operation, shown to operators. */
export interface RotationDetails {
  readonly from: string;
  readonly to: string;
  /** Both logins work for at least this long after the switch. */
  readonly overlapSeconds: number;
  /** RFC 3339; absent before the switch. */
  readonly switchedAt?: string;
}

/** Sealed with the operation until it ends. */
export interface RotationPasswords {
  readonly runtime: string;
  readonly migrator: string;
}

export const defaultOverlapSeconds = 30;

/**
 * Reserves a rotation of a tenant's credentials; the runner carries it out. Both logins of the tenant's own are replaced:
 * the run-time one by its twin with a new password, the migrator's password by another.
 * @throws TenancyError tenant_not_found, wrong_status, operation_running
 */
export async function startRotation(
  tools: { readonly control: ControlDatabase; readonly vault: Vault; readonly newId: () => string },
  tenantId: TenantId,
  request: { readonly actor: string; readonly overlapSeconds?: number },
): Promise<Operation> {
  const { control, vault } = tools;
  const { actor, overlapSeconds = defaultOverlapSeconds } = request;
  const action = 'tenant.rotate';
  const id = tools.newId();
  try {
    await control.change(async (tx) => {
      const tenant = await lockTenant(tx.client, tenantId);
      if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
      if (tenant.status !== 'active' && tenant.status !== 'suspended') throw refuse(tenant, 'given new credentials');
      await refuseWhileMoving(tx.client, tenantId);
      const { store, runtimeCredential } = await getPlacement(tx.client, tenantId);
      if (runtimeCredential === null)
        throw new TenancyError('wrong_status', 'The books of this tenant are purged: there are no credentials.', {
          status: 'purged',
        });
      const details: RotationDetails = {
        from: store.runtimeLogin,
        to: otherRuntimeLogin(store.runtimeLogin),
        overlapSeconds,
      };
      const passwords: RotationPasswords = { runtime: newPassword(), migrator: newPassword() };
      await beginOperation(tx.client, {
        id,
        kind: 'tenant.rotate',
        tenantId,
        actor,
        total: rotationSteps.length,
        details: { ...details },
        input: vault.seal(tenantId, 'operation-input', JSON.stringify(passwords)),
        at: tx.at,
      });
      await tx.audit({ actor, action, tenantId, outcome: 'done', details: { operation: id, ...details } });
    });
  } catch (error) {
    const refusal = isUniqueViolation(error, 'operation_unfinished')
      ? new TenancyError('operation_running', 'A rotation of this tenant’s credentials is under way; wait for its end.')
      : error;
    if (refusal instanceof TenancyError && refusal.reasonName !== 'tenant_not_found')
      await control.audit({ actor, action, tenantId, outcome: 'refused', details: { reason: refusal.message } });
    throw refusal;
  }
  return getOperation(control.pool, id);
}
