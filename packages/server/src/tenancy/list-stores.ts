import type { TenantId } from '@cofferdam/core';
import { type ConnectionSettings, connectionSettings } from '../postgres/connection-settings.js';
import type { AdminConnections } from './admin-connections.js';
import type { ControlDatabase } from './control-database.js';
import type { Vault } from './credentials.js';
import { getPlacement } from './placement.js';

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
  const { rows } = await fleet.control.pool.query<{ id: TenantId }>(
    `select id from tenant where status in ('active', 'suspended', 'deleting') order by created_at, id`,
  );
  for (const { id: tenantId } of rows) {
    const { serverId, store, runtimeCredential, configVersion } = await getPlacement(fleet.control.pool, tenantId);
    if (runtimeCredential === null) continue;
    const settings = connectionSettings({
      ...(await fleet.admin.server(serverId)).settings,
      database: store.database,
      user: store.runtimeLogin,
      password: fleet.vault.open(tenantId, 'runtime-login', runtimeCredential),
    });
    yield { tenantId, settings, schema: store.schema, configVersion };
  }
}
