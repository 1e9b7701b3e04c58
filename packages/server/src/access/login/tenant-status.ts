import type { TenantId } from '@cofferdam/core';
import { AccessError } from '../access-errors.js';

/**
 * Status of a tenant as the control database has it (tenancy §2.3); undefined: unknown there. Rejects when it cannot be
 * had. Not asked in single-tenant mode.
 */
export type TenantStatusPort = (tenantId: TenantId) => Promise<string | undefined>;

/** @throws AccessError AUT-1099 (503) when the status cannot be had */
export function statusOf(tenantStatus: TenantStatusPort, tenantId: TenantId): Promise<string | undefined> {
  return tenantStatus(tenantId).catch((error: unknown) => {
    throw new AccessError('unavailable', {
      message: 'The status of this tenant cannot be read at the moment. Send the request again in a few seconds.',
      retryAfterSeconds: 2,
      log: error,
    });
  });
}

/**
 * Asked only about callers who have proved that they belong to the tenant.
 * @throws AccessError AUT-0016 (403) suspended or deleted, AUT-1099 (503) not ready yet, or the status cannot be had
 */
export async function refuseInactive(tenantStatus: TenantStatusPort, tenantId: TenantId): Promise<void> {
  const status = await statusOf(tenantStatus, tenantId);
  if (status === 'active') return;
  if (status === 'provisioning' || status === 'failed')
    throw new AccessError('unavailable', {
      message: 'This tenant is still being made. Send the request again in a few seconds.',
      retryAfterSeconds: 5,
    });
  throw new AccessError('tenant_suspended', {
    message: 'This tenant is suspended or has been deleted. Whoever operates the service can reactivate it.',
  });
}
