import { createHash } from 'node:crypto';
import type pg from 'pg';
import { type ConnectionSettings, withDatabase, withLogin } from '../postgres/connection-settings.js';
import { derivePassword } from '../postgres/derived-password.js';
import { quoteIdentifier as id, quoteLiteral } from '../postgres/identifiers.js';
import type { InstallationNames } from '../postgres/installation.js';
import { migrate } from '../postgres/migrate.js';
import type { Migration } from '../postgres/migration.js';
import type { MigratorConnection } from '../postgres/migrator-connection.js';
import { OperatorError } from '../postgres/operator-error.js';
import { openClient, openTenantPool } from '../postgres/pool.js';
import type { TenantContext } from '../postgres/tenant-context.js';
import { checkPlace } from './check-place.js';
import { type StoreNames, singleStoreNames } from './physical-names.js';
import type { Log } from './ports.js';
import { closeToPublic } from './walls/public-rights.js';
import { prepareServerLock } from './walls/serialize.js';
import { createStoreRoles } from './walls/store-roles.js';

export interface SingleTenantOptions {
  readonly admin: ConnectionSettings;
  readonly names: InstallationNames;
  readonly encryptionKey: Buffer;
  readonly ledgerMigrations: readonly Migration[];
  readonly runtimeGrants: (login: string) => string;
  readonly log: Log;
  /** Default 20. */
  readonly connectionsMax?: number;
  /** Make and migrate nothing: the books are opened as they are. */
  readonly onlyLook?: boolean;
}

/** Begins the comment of a database that has become a tenant's (adopt-single.ts). */
export const adoptedComment = 'cofferdam adopted by tenant';

export interface SingleTenant {
  /** The one context of every request. */
  readonly context: TenantContext;
  /** False, of one that was only looked at: it waits for what this build would make or migrate. */
  readonly isCurrent: boolean;
  /** A connection of the store's migrator; the caller ends it. */
  connectMigrator(): Promise<MigratorConnection>;
  /** Running transactions may finish within the grace, then all connections are closed. */
  drain(graceMs: number): Promise<void>;
}

/**
 * The store of single-tenant mode: one database with owner, migrator and run-time login like a tenant's, and no tenant
 * machinery. Idempotent; brings the books up to date; when nothing is to do, one query says so.
 */
export async function prepareSingleTenant(options: SingleTenantOptions): Promise<SingleTenant> {
  const store = singleStoreNames(options.names);
  const passwords = {
    runtime: derivePassword(options.encryptionKey, store.runtimeLogin),
    migrator: derivePassword(options.encryptionKey, store.migratorLogin),
  };
  const client = openClient(options.admin, { applicationName: 'cofferdam prepare' });
  let isCurrent = true;
  await client.connect();
  try {
    const wanted = fingerprintOf(options, store, passwords);
    if (options.onlyLook === true) {
      isCurrent = await isPrepared(client, store, wanted);
    } else if (!(await isPrepared(client, store, wanted))) {
      await client.query(`select pg_advisory_lock(${prepareServerLock})`);
      if (!(await isPrepared(client, store, wanted))) await prepare(client, options, store, passwords, wanted);
    }
  } finally {
    await client.end();
  }
  const settings = withLogin(withDatabase(options.admin, store.database), store.runtimeLogin, passwords.runtime);
  const pool = openTenantPool(settings, {
    max: options.connectionsMax ?? 20,
    applicationName: 'cofferdam ledger',
    searchPath: [store.schema],
    connectTimeoutMs: 5_000,
    onError: (error) => options.log.warn({ err: error }, 'an idle connection of the ledger broke'),
  });
  try {
    await checkPlace(pool.pg, { settings, schema: store.schema });
  } catch (error) {
    await pool.drain(0);
    throw error;
  }
  return Object.freeze({
    context: Object.freeze({ tenantId: undefined, slug: undefined, configVersion: 1, pool }),
    isCurrent,
    async connectMigrator() {
      const { database, schema, ownerRole, migratorLogin: user } = store;
      const migrator = withLogin(withDatabase(options.admin, database), user, passwords.migrator);
      const connection = openClient(migrator, { applicationName: 'cofferdam indexes', searchPath: [schema] });
      await connection.connect();
      return { client: connection, schema, ownerRole };
    },
    drain: (graceMs: number) => pool.drain(graceMs),
  });
}

interface Passwords {
  readonly runtime: string;
  readonly migrator: string;
}

function fingerprintOf(options: SingleTenantOptions, store: StoreNames, passwords: Passwords): string {
  const parts = [
    ...options.ledgerMigrations.map((migration) => migration.id + migration.sql),
    options.runtimeGrants(id(store.runtimeLogin)),
    passwords.runtime,
    passwords.migrator,
    'form 1',
  ];
  return `cofferdam ${createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32)}`;
}

async function isPrepared(client: pg.ClientBase, store: StoreNames, wanted: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_database d
      where datname = $1 and shobj_description(oid, 'pg_database') = $2 and not has_database_privilege('public', oid, 'connect')
        and exists (select from pg_roles where rolname = $3 and rolcanlogin)`,
    [store.database, wanted, store.runtimeLogin],
  );
  return rowCount === 1;
}

async function prepare(
  client: pg.Client,
  options: SingleTenantOptions,
  store: StoreNames,
  passwords: Passwords,
  wanted: string,
): Promise<void> {
  const { database, schema, ownerRole, migratorLogin, runtimeLogin } = store;
  const adopted = await client.query<{ comment: string | null }>(
    `select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1`,
    [database],
  );
  if (adopted.rows[0]?.comment?.startsWith(adoptedComment) === true)
    throw new OperatorError(
      `the books in ${database} belong to a tenant now (cofferdam tenants adopt): start with MULTI_TENANT_ENABLED=true, and call with a token.`,
    );
  await createStoreRoles(client, store, passwords);
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
  if (rowCount === 0) await client.query(`create database ${id(database)} template template0 encoding 'UTF8'`);
  await closeToPublic(client, [database]);
  await client.query(`grant connect on database ${id(database)} to ${id(runtimeLogin)}, ${id(migratorLogin)}`);
  await connected(withDatabase(options.admin, database), schema, async (inStore) => {
    await inStore.query(
      `revoke all on schema public from public;
       create schema if not exists ${id(schema)} authorization ${id(ownerRole)}`,
    );
  });
  const migrator = withLogin(withDatabase(options.admin, database), migratorLogin, passwords.migrator);
  await connected(migrator, schema, async (inStore) => {
    const applied = await migrate(inStore, options.ledgerMigrations, {
      expect: { database, schema },
      asRole: ownerRole,
    });
    await inStore.query(
      `set role ${id(ownerRole)};
       grant usage on schema ${id(schema)} to ${id(runtimeLogin)};
       ${options.runtimeGrants(id(runtimeLogin))}`,
    );
    options.log.info({ database, applied }, 'the ledger database is up to date');
  });
  await client.query(`comment on database ${id(database)} is ${quoteLiteral(wanted)}`);
}

async function connected(
  settings: ConnectionSettings,
  schema: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = openClient(settings, { applicationName: 'cofferdam prepare', searchPath: [schema] });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
