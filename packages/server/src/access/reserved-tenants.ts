import { canonicalTenantId, type TenantId } from '@cofferdam/core';

/** Ids that no tenant can have: tenant ids are UUIDv7, and these are none. */
const reserved = (hexDigit: string): TenantId => {
  const id = canonicalTenantId(hexDigit.repeat(32));
  if (id === undefined) throw new Error('a reserved id must be canonical');
  return id;
};

/** The directory of single-tenant mode. A multi-tenant deployment accepts no login of it, and the reverse. */
export const singleTenantId: TenantId = reserved('0');

/** Holds what belongs to no tenant, such as failed logins of unknown clients. Nobody can log in to it. */
export const systemTenantId: TenantId = reserved('f');

/**
 * Whether a directory belongs to the mode that this installation runs in. It may have run in the other one before: what was made
 * then opens nothing now.
 */
export function isOfMode(tenantId: TenantId, multiTenant: boolean): boolean {
  return (tenantId === singleTenantId) !== multiTenant;
}
