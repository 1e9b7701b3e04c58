import { ConfigError } from '../../config.js';
import { ledgerMigrations } from '../../ledger/migrations/index.js';
import { runtimeGrants } from '../../ledger/migrations/runtime-grants.js';
import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import { openTenantPool } from '../../postgres/pool.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { type AdminConnections, openAdminConnections } from '../../tenancy/admin-connections.js';
import { type ControlDatabase, openControlDatabase } from '../../tenancy/control-database.js';
import { createVault, type Vault } from '../../tenancy/credentials.js';
import type { TenantStoreLogin } from '../../tenancy/list-stores.js';
import { lookAtServer, type PreparedServer, prepareServer } from '../../tenancy/prepare-server.js';
import { prepareSingleTenant, type SingleTenant, type SingleTenantOptions } from '../../tenancy/single-tenant.js';
import type { Closers, Ground } from './part.js';

/** Time for transactions under way when a server stops. */
export const drainMs = 10_000;

/** @throws ConfigError when this process has logins of its own only */
export function requireAdmin({ admin }: Ground): ConnectionSettings {
  if (admin !== undefined) return admin;
  throw new ConfigError('DATABASE_URL is missing: this prepares databases, which needs an administrative login.');
}

/** Single-tenant: the one store, made ready and brought up to date unless it is only looked at. */
export async function openSingleStore(
  ground: Ground,
  closers: Closers,
  options: Pick<SingleTenantOptions, 'onlyLook'> = {},
): Promise<SingleTenant> {
  const { names, secrets, log } = ground;
  const admin = requireAdmin(ground);
  const { encryptionKey } = secrets;
  const single = await prepareSingleTenant({
    ...{ admin, names, encryptionKey, ledgerMigrations, runtimeGrants, log },
    ...options,
  });
  closers.add(() => single.drain(drainMs));
  return single;
}

/** Multi-tenant: what works on all stores with administrative rights. Its members are what `migrateFleet` takes. */
export interface Fleet {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
  readonly ledgerMigrations: typeof ledgerMigrations;
  readonly runtimeGrants: typeof runtimeGrants;
}

/** Makes the server ready for tenants, or finds that it is. */
export function prepareFleet(ground: Ground): Promise<PreparedServer> {
  const { names, secrets, log, now } = ground;
  const { encryptionKey } = secrets;
  return prepareServer({ admin: requireAdmin(ground), names, encryptionKey, ledgerMigrations, log, now });
}

/** What `prepareFleet` answers, without making anything. @throws OperatorError: there is no installation */
export function lookAtFleet(ground: Ground): ReturnType<typeof lookAtServer> {
  const { names, secrets } = ground;
  return lookAtServer({ admin: requireAdmin(ground), names, encryptionKey: secrets.encryptionKey, ledgerMigrations });
}

export async function openFleet(
  ground: Ground,
  closers: Closers,
  prepared?: Pick<PreparedServer, 'control'>,
): Promise<Fleet> {
  const { names, secrets, log, now } = ground;
  const admin = requireAdmin(ground);
  const { encryptionKey } = secrets;
  const server = prepared ?? (await prepareFleet(ground));
  const onError = (error: Error): void => log.warn({ err: error }, 'an idle administrative connection broke');
  const control = openControlDatabase(server.control, { now, onError });
  closers.add(() => control.close());
  const vault = createVault([encryptionKey]);
  const connections = openAdminConnections({ admin, control: control.pool, vault, names, onError });
  closers.add(() => connections.close());
  return { control, admin: connections, vault, ledgerMigrations, runtimeGrants };
}

/** The books of one tenant as requests have them, under its own run-time login; the caller closes it. */
export function openTenantStore({ tenantId, settings, schema, configVersion }: TenantStoreLogin): {
  readonly context: TenantContext;
  close(): Promise<void>;
} {
  const pool = openTenantPool(settings, { max: 1, applicationName: 'cofferdam command', searchPath: [schema] });
  return { context: { tenantId, slug: undefined, configVersion, pool }, close: () => pool.drain(1_000) };
}
