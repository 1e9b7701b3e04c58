import type { TenantId } from '@cofferdam/core';
import type { ConnectionSettings } from '../postgres/connection-settings.js';
import type { AdminConnections } from './admin-connections.js';
import type { ControlDatabase } from './control-database.js';
import type { Vault } from './credentials.js';
import { getPlacement } from './placement.js';
import { runtimeSettings } from './runtime-settings.js';
import { listTenantsWithBooks } from './tenants-with-books.js';

export interface TenantStoreLogin {
  readonly tenantId: TenantId;
  /** Of the run-time login. */
  readonly settings: ConnectionSettings;
  readonly schema: string;
  readonly configVersion: number;
}

/** Every store that holds books, oldest tenant first, with the login that requests use. For work over the whole fleet. */
export async function* listStores(fleet: {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
}): AsyncGenerator<TenantStoreLogin> {
  for (const { id: tenantId } of await listTenantsWithBooks(fleet.control.pool)) {
    const { serverId, store, runtimeCredential, configVersion } = await getPlacement(fleet.control.pool, tenantId);
    // Purged since the list was read.
    if (runtimeCredential === null) continue;
    const server = await fleet.admin.server(serverId);
    const settings = runtimeSettings(fleet.vault, tenantId, server.settings, { ...store, runtimeCredential });
    yield { tenantId, settings, schema: store.schema, configVersion };
  }
}
