import type { TenantId } from '@cofferdam/core';
import { type AccessStore, findTenantOfClient } from '../directory/with-directory.js';
import { isOfMode, singleTenantId } from '../reserved-tenants.js';

/**
 * The tenant of a login is that of its client (access-manager §8.2); without a client there is one in single-tenant mode only.
 * Undefined: the client is unknown, or of the installation's other mode.
 * @throws AccessError AUT-1099
 */
export async function findTenantOfLogin(
  store: AccessStore,
  clientId: string | undefined,
  multiTenant: boolean,
): Promise<TenantId | undefined> {
  if (clientId === undefined) return multiTenant ? undefined : singleTenantId;
  const tenantId = await findTenantOfClient(store, clientId);
  return tenantId !== undefined && isOfMode(tenantId, multiTenant) ? tenantId : undefined;
}
