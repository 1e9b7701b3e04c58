import type { TenantId } from '@cofferdam/core';
import type { MigratorConnection } from '../postgres/migrator-connection.js';
import { sqlState } from '../postgres/pg-errors.js';
import type { AdminConnections } from './admin-connections.js';
import type { ControlDatabase } from './control-database.js';
import type { Vault } from './credentials.js';
import { getPlacement } from './placement.js';

/** A connection of the tenant's own migrator, path on its schema; the caller ends it. */
export async function connectMigrator(
  tools: { readonly control: ControlDatabase; readonly admin: AdminConnections; readonly vault: Vault },
  tenantId: TenantId,
): Promise<MigratorConnection & { readonly database: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const { serverId, store, migratorCredential } = await getPlacement(tools.control.pool, tenantId);
    if (migratorCredential === null) throw new Error('the tenant has no migrator credential');
    const { database, schema, migratorLogin: user, ownerRole } = store;
    const password = tools.vault.open(tenantId, 'migrator-login', migratorCredential);
    const server = await tools.admin.server(serverId);
    try {
      const client = await server.connectAs({ user, password, database, searchPath: schema });
      return { client, schema, ownerRole, database };
    } catch (error) {
      // A rotation changes the password a moment before it is written down here.
      if (sqlState(error) !== '28P01' || attempt === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }
}
