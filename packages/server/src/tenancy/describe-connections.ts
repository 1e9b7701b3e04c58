import type { TenantId } from '@cofferdam/core';
import { sslmodeOf } from '../postgres/connection-settings.js';
import { getAssociation } from './associations.js';
import { viewConnectionSettings } from './change-connection-settings.js';
import { noSuchTenant } from './change-status.js';
import { getPlacement } from './placement.js';
import { TenancyError } from './tenancy-error.js';
import type { TenantManager } from './tenant-manager.js';
import { findTenant } from './tenant-record.js';

/** Both names that existing clients look for; one commit needs one database, so they are the same (contract). */
const modules = ['onboarding', 'transaction'] as const;

/**
 * The answer of `/connections` (tenancy §4), credentials included. Each look is audited.
 * @throws TenancyError association_not_active unless tenant and service are active; its `status` tells which.
 */
export async function describeConnections(manager: TenantManager, id: TenantId, service: string, actor: string) {
  const { control, vault } = manager;
  const association = await getAssociation(control.pool, id, service);
  const tenant = await findTenant(control.pool, id);
  if (tenant === undefined) throw noSuchTenant();
  const status = tenant.status === 'active' ? association.status : tenant.status;
  if (status !== 'active')
    throw new TenancyError('association_not_active', `The service ${service} of this tenant is ${status}.`, {
      status,
      error: 'service not available',
    });
  const placement = await getPlacement(control.pool, id);
  if (placement.runtimeCredential === null) throw new Error(`active tenant ${id} has no credential`);
  await control.audit({ actor, action: 'connections.read', tenantId: id, outcome: 'done', details: { service } });
  const { host, port, ssl } = await manager.serverSettings(placement.serverId);
  const { database, schema, runtimeLogin: username } = placement.store;
  const password = vault.open(id, 'runtime-login', placement.runtimeCredential);
  const settings = viewConnectionSettings(placement);
  const postgresql = { host, port, database, username, password, schema, sslmode: sslmodeOf(ssl) };
  return {
    id,
    tenantSlug: tenant.slug,
    tenantName: tenant.name,
    service,
    status,
    isolationMode: tenant.isolation,
    version: placement.configVersion,
    schemaVersion: placement.schemaVersion,
    databases: Object.fromEntries(modules.map((module) => [module, { postgresql }])),
    ...(Object.keys(settings).length === 0 ? {} : { connectionSettings: settings }),
    createdAt: association.createdAt,
    updatedAt: association.updatedAt,
  };
}
