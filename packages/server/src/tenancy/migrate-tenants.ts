import type { TenantId } from '@cofferdam/core';
import { quoteIdentifier as id } from '../postgres/identifiers.js';
import { migrate } from '../postgres/migrate.js';
import type { Migration } from '../postgres/migration.js';
import type { AdminConnections } from './admin-connections.js';
import type { ControlDatabase } from './control-database.js';
import type { Vault } from './credentials.js';
import { getPlacement } from './placement.js';

export interface MigrateTenantsTools {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
  readonly ledgerMigrations: readonly Migration[];
  readonly runtimeGrants: (login: string) => string;
}

export interface MigratedTenant {
  readonly tenantId: TenantId;
  /** Undefined: up to date now. */
  readonly error?: string;
}

/**
 * Brings the books of every tenant that is behind up to date, one after the other, suspended ones too; decided from the
 * versions in the control database. A tenant that fails is reported and left where it was; the others go on.
 */
export async function migrateTenants(
  tools: MigrateTenantsTools,
  onTenant: (done: number, total: number) => void,
): Promise<MigratedTenant[]> {
  const head = tools.ledgerMigrations.at(-1)?.id;
  const { rows } = await tools.control.pool.query<{ id: TenantId }>(
    `select t.id from tenant t join placement p on p.tenant_id = t.id
      where t.status in ('active', 'suspended', 'deleting') and p.schema_version is distinct from $1 order by t.created_at`,
    [head],
  );
  const results: MigratedTenant[] = [];
  for (const [index, { id: tenantId }] of rows.entries()) {
    onTenant(index, rows.length);
    try {
      await migrateTenant(tools, tenantId, head);
      results.push({ tenantId });
    } catch (error) {
      results.push({ tenantId, error: (error as Error).message });
    }
  }
  return results;
}

async function migrateTenant(tools: MigrateTenantsTools, tenantId: TenantId, head: string | undefined): Promise<void> {
  const { control, admin, vault, ledgerMigrations, runtimeGrants } = tools;
  const placement = await getPlacement(control.pool, tenantId);
  const { database, schema, migratorLogin, ownerRole, runtimeLogin } = placement.store;
  if (placement.migratorCredential === null) throw new Error('the tenant has no migrator credential');
  const server = await admin.server(placement.serverId);
  const client = await server.connectAs({
    user: migratorLogin,
    password: vault.open(tenantId, 'migrator-login', placement.migratorCredential),
    database,
    searchPath: schema,
  });
  try {
    await migrate(client, ledgerMigrations, { expect: { database, schema }, asRole: ownerRole });
    // New tables are of no use to a run-time login without its rights on them.
    await client.query(`set role ${id(ownerRole)}; ${runtimeGrants(id(runtimeLogin))}; reset role`);
  } finally {
    await client.end();
  }
  await control.change(async (tx) => {
    await tx.client.query('update placement set schema_version = $2, updated_at = $3 where tenant_id = $1', [
      tenantId,
      head,
      tx.at,
    ]);
    await tx.audit({
      actor: 'system',
      action: 'tenant.migrate',
      tenantId,
      outcome: 'done',
      details: { schemaVersion: head },
    });
    const version = await tx.nextVersion();
    await tx.client.query('update tenant set version = $2 where id = $1', [tenantId, version]);
  });
}
