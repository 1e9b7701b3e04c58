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

export interface StoreTools {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
}

/** Every store that holds books, oldest tenant first, with the login that requests use. For work over the whole fleet. */
export async function* listStores(fleet: StoreTools): AsyncGenerator<TenantStoreLogin> {
  for (const { id } of await listTenantsWithBooks(fleet.control.pool)) {
    const found = await findStore(fleet, id);
    if (found !== undefined) yield found;
  }
}

/** Undefined: its books were purged. Throws when its server or its credential cannot be read. */
export async function findStore(fleet: StoreTools, tenantId: TenantId): Promise<TenantStoreLogin | undefined> {
  const { serverId, store, runtimeCredential, configVersion } = await getPlacement(fleet.control.pool, tenantId);
  if (runtimeCredential === null) return undefined;
  const server = await fleet.admin.server(serverId);
  const settings = runtimeSettings(fleet.vault, tenantId, server.settings, { ...store, runtimeCredential });
  return { tenantId, settings, schema: store.schema, configVersion };
}
