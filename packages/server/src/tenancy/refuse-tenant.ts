import { LedgerError } from '@cofferdam/core';
import type { TenantConfig } from './tenant-config.js';

/** Which books this build can work with; nothing: they are not looked at. */
export interface KnownMigrations {
  readonly schemaVersionMin?: string | undefined;
  readonly contractVersionMax?: string | undefined;
}

/** Why a tenant is not served (contract, "One answer for refusals"). No text names the tenant. */
export function refusalOf(
  config: TenantConfig | undefined,
  { schemaVersionMin, contractVersionMax }: KnownMigrations = {},
): LedgerError | undefined {
  if (config === undefined)
    return new LedgerError('tenant_not_found', {
      detail: 'The tenant of this token does not exist.',
      reason: 'TENANT_NOT_FOUND',
    });
  if (config.status === 'provisioning' || config.status === 'failed')
    return notYet('TENANT_NOT_PROVISIONED', 'not ready yet');
  if (config.status === 'deleted')
    return new LedgerError('service_suspended', {
      detail: 'The tenant of this token has been deleted.',
      reason: 'TENANT_PURGED',
    });
  if (config.status !== 'active')
    return new LedgerError('service_suspended', {
      detail: 'The tenant of this token is suspended.',
      reason: 'TENANT_SUSPENDED',
    });
  switch (config.associationStatus) {
    case 'active':
      break;
    case null:
    case 'disassociated':
      return new LedgerError('tenant_not_provisioned', {
        detail: 'The tenant of this token has no ledger.',
        reason: 'TENANT_SERVICE_NOT_CONFIGURED',
      });
    case 'provisioning':
    case 'failed':
      return notYet('TENANT_NOT_PROVISIONED', 'not ready yet');
    case 'purging':
    case 'purged':
      return new LedgerError('service_suspended', {
        detail: 'The books of this tenant have been removed.',
        reason: 'TENANT_PURGED',
      });
    default:
      return new LedgerError('service_suspended', {
        detail: 'The ledger of this tenant is suspended.',
        reason: 'TENANT_SUSPENDED',
      });
  }
  if (schemaVersionMin !== undefined && (config.schemaVersion ?? '') < schemaVersionMin)
    return notYet('TENANT_MIGRATION_PENDING', 'waiting for a migration', {
      tenantId: config.id,
      cause: `its books are at ${config.schemaVersion ?? 'nothing'}, this build needs ${schemaVersionMin}: run cofferdam migrate`,
    });
  if (contractVersionMax !== undefined && (config.contractVersion ?? '') > contractVersionMax)
    return notYet('TENANT_MIGRATION_PENDING', 'waiting for a newer server', {
      tenantId: config.id,
      cause: `its books have had ${config.contractVersion}, this build knows ${contractVersionMax} at most: deploy the newer build`,
    });
  return undefined;
}

function notYet(reason: string, what: string, log: unknown = reason): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail: `The tenant of this token is ${what}; try again.`,
    reason,
    retryAfterSeconds: 5,
    log,
  });
}
