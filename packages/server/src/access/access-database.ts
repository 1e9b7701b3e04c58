import type pg from 'pg';
import { type ConnectionSettings, withDatabase, withLogin } from '../postgres/connection-settings.js';
import { derivePassword } from '../postgres/derived-password.js';
import { quoteIdentifier, quoteLiteral } from '../postgres/identifiers.js';
import type { InstallationNames } from '../postgres/installation.js';
import { migrate, pendingMigrations } from '../postgres/migrate.js';
import { sqlState } from '../postgres/pg-errors.js';
import { openClient } from '../postgres/pool.js';
import { scramVerifier } from '../postgres/scram-verifier.js';
import { accessGrants } from './migrations/access-grants.js';
import { accessMigrations } from './migrations/index.js';

export interface AccessDatabaseOptions {
  /** An administrator: may create roles and databases. Any database of the server. */
  readonly adminSettings: ConnectionSettings;
  readonly names: InstallationNames;
  /** 32 bytes; the service login's password is derived from it. */
  readonly encryptionKey: Buffer;
}

const schema = 'access';
/** In the start-up options of every connection of the service, as for tenants. */
export const accessSearchPath: readonly string[] = [schema];

/** How the Access Manager itself reaches its database: a login that owns nothing and that row-level security binds. */
export function accessServiceSettings({
  adminSettings,
  names,
  encryptionKey,
}: AccessDatabaseOptions): ConnectionSettings {
  const login = names.role('access');
  return withDatabase(withLogin(adminSettings, login, derivePassword(encryptionKey, login)), names.accessDatabase);
}

/**
 * Makes or upgrades `cofferdam_access` and its three roles: owner (no login, owns the tables), service (login, rows of the
 * transaction's tenant only) and lookup (no login, client id → tenant). Idempotent; when nothing is to do it costs one
 * connection of the service login. Two starters wait for each other. Throws what PostgreSQL says.
 */
export async function prepareAccessDatabase(options: AccessDatabaseOptions): Promise<void> {
  if (await isUpToDate(options)) return;
  const { adminSettings, names, encryptionKey } = options;
  const name = (role: string) => quoteIdentifier(names.role(role));
  const roles = { service: name('access'), owner: name('access_owner'), lookup: name('access_lookup') };

  await connected(adminSettings, [], async (admin) => {
    // Session-level: creating a database cannot run in a transaction.
    await admin.query(`select pg_advisory_lock(hashtextextended($1, 0))`, [`prepare ${names.accessDatabase}`]);
    await makeRoles(admin, names, roles, derivePassword(encryptionKey, names.role('access')));
    await makeDatabase(admin, names.accessDatabase, roles);
    await connected(withDatabase(adminSettings, names.accessDatabase), [schema], (inside) =>
      makeTables(inside, names, roles),
    );
  });
}

async function isUpToDate(options: AccessDatabaseOptions): Promise<boolean> {
  try {
    const check = async (client: pg.Client) => (await pendingMigrations(client, accessMigrations)).length === 0;
    return await connected(accessServiceSettings(options), accessSearchPath, check);
  } catch (error) {
    // No such role or password, database, table or right yet: the long way makes them.
    if (['28P01', '28000', '3D000', '42P01', '42501', '55000'].includes(sqlState(error) ?? '')) return false;
    throw error;
  }
}

interface QuotedRoles {
  readonly service: string;
  readonly owner: string;
  readonly lookup: string;
}

async function makeRoles(
  admin: pg.Client,
  names: InstallationNames,
  roles: QuotedRoles,
  password: string,
): Promise<void> {
  const wanted: [string, string][] = [
    [names.role('access'), roles.service],
    [names.role('access_owner'), roles.owner],
    [names.role('access_lookup'), roles.lookup],
  ];
  const known = await admin.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    wanted.map(([role]) => role),
  ]);
  for (const [role, quoted] of wanted)
    if (!known.rows.some(({ rolname }) => rolname === role)) await admin.query(`create role ${quoted} nologin`);
  const verifier = quoteLiteral(await scramVerifier(password));
  await admin.query(
    `alter role ${roles.service} with login nocreatedb nocreaterole password ${verifier} connection limit 100`,
  );
  // An administrator who is no superuser may act as a role only as its member.
  await admin.query(`grant ${roles.owner}, ${roles.lookup} to current_user`);
}

async function makeDatabase(admin: pg.Client, database: string, { owner, service }: QuotedRoles): Promise<void> {
  const quoted = quoteIdentifier(database);
  const known = await admin.query<{ datallowconn: boolean }>(
    'select datallowconn from pg_database where datname = $1',
    [database],
  );
  // Nobody may get in between its creation and the revoke.
  if (known.rowCount === 0)
    await admin.query(
      `create database ${quoted} owner ${owner} template template0 encoding 'UTF8' allow_connections false`,
    );
  await admin.query(`revoke all on database ${quoted} from public`);
  await admin.query(`grant connect on database ${quoted} to ${service}, current_user`);
  if (known.rows[0]?.datallowconn !== true) await admin.query(`alter database ${quoted} allow_connections true`);
  await admin.query(`alter role ${service} in database ${quoted} set search_path = ${quoteIdentifier(schema)}`);
}

async function makeTables(client: pg.Client, names: InstallationNames, roles: QuotedRoles): Promise<void> {
  await client.query(`begin; set local role ${roles.owner}`);
  await client.query(`create schema if not exists ${quoteIdentifier(schema)}; commit`);
  const expect = { database: names.accessDatabase, schema };
  await migrate(client, accessMigrations, { expect, asRole: names.role('access_owner') });
  await client.query(`begin; revoke all on schema public from public; ${accessGrants(roles)}; commit`);
}

async function connected<T>(
  settings: ConnectionSettings,
  searchPath: readonly string[],
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = openClient(settings, {
    applicationName: 'cofferdam access preparation',
    ...(searchPath.length === 0 ? {} : { searchPath }),
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
