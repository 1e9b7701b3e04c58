import { createHash } from 'node:crypto';
import type pg from 'pg';
import { type ConnectionSettings, withDatabase, withLogin } from '../postgres/connection-settings.js';
import { derivePassword } from '../postgres/derived-password.js';
import { quoteIdentifier as id, quoteLiteral } from '../postgres/identifiers.js';
import type { InstallationNames } from '../postgres/installation.js';
import { migrate } from '../postgres/migrate.js';
import type { Migration } from '../postgres/migration.js';
import { OperatorError } from '../postgres/operator-error.js';
import { openClient } from '../postgres/pool.js';
import { controlMigrations } from './migrations/index.js';
import type { Log } from './ports.js';
import { makeStorePlaces } from './prepare-host.js';
import { recordServer } from './servers/record-server.js';
import { templateMigrations, templateVersion } from './template-database.js';
import { closeToPublic, openToPublic } from './walls/public-rights.js';
import { prepareServerLock } from './walls/serialize.js';
import { createServiceLogin } from './walls/store-roles.js';

export interface PrepareServerOptions {
  /** Any database of the cluster; advisory locks are taken in it, so every starter must name the same one. */
  readonly admin: ConnectionSettings;
  readonly names: InstallationNames;
  readonly encryptionKey: Buffer;
  readonly ledgerMigrations: readonly Migration[];
  readonly log: Log;
  readonly now: () => Date;
}

export interface PreparedServer {
  /** The administrator in the control database: for the tenants part only. */
  readonly control: ConnectionSettings;
  /** `CONTROL_DATABASE_URL` of a ledger that runs alone. */
  readonly ledgerReader: ConnectionSettings;
  /** `CONTROL_DATABASE_URL` of an Access Manager that runs alone. */
  readonly accessReader: ConnectionSettings;
  readonly templateDatabase: string;
  /** What could not be closed, in sentences for the operator. */
  readonly warnings: readonly string[];
}

export const controlSchema = 'control';

/**
 * Makes a cluster ready for tenants: control and shared databases, the template, readers, and nothing left open to
 * PUBLIC. Idempotent and safe to run from several processes; when nothing is to do, one query says so.
 */
export async function prepareServer(options: PrepareServerOptions): Promise<PreparedServer> {
  const client = openClient(options.admin, { applicationName: 'cofferdam prepare' });
  await client.connect();
  try {
    const wanted = describeWanted(options);
    if (!(await isPrepared(client, options, wanted))) {
      await client.query(`select pg_advisory_lock(${prepareServerLock})`);
      if (!(await isPrepared(client, options, wanted))) await prepare(client, options, wanted);
    }
    const warnings = (await openToPublic(client, ['postgres', 'template1'])).map(
      (database) =>
        `any login of this server may connect to database ${database}: ${options.admin.user} may not close it. Tenants see no data there, but close it if you can: REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
    );
    for (const warning of warnings) options.log.warn({}, warning);
    return { ...connections(options), templateDatabase: wanted.template, warnings };
  } finally {
    await client.end(); // also ends the advisory lock
  }
}

/**
 * The same answer without making anything, for commands that only look. `isPrepared`: nothing is missing, of another build, or
 * open to PUBLIC.
 * @throws OperatorError there is no installation on this server
 */
export async function lookAtServer(
  options: LookOptions,
): Promise<Omit<PreparedServer, 'warnings'> & { readonly isPrepared: boolean }> {
  const client = openClient(options.admin, { applicationName: 'cofferdam look' });
  await client.connect();
  try {
    const { controlDatabase } = options.names;
    const { rowCount } = await client.query('select from pg_database where datname = $1', [controlDatabase]);
    if (rowCount !== 1)
      throw new OperatorError(
        `there is no installation with tenants on this server: it has no database ${controlDatabase}. Start one with cofferdam serve, or mend DATABASE_URL`,
      );
    const wanted = describeWanted(options);
    const isReady = await isPrepared(client, options, wanted);
    return { ...connections(options), templateDatabase: wanted.template, isPrepared: isReady };
  } finally {
    await client.end();
  }
}

interface Wanted {
  readonly template: string;
  /** Of everything inside the control database; kept as its comment. */
  readonly fingerprint: string;
}

type LookOptions = Omit<PrepareServerOptions, 'log' | 'now'>;

function describeWanted({ admin, names, encryptionKey, ledgerMigrations }: LookOptions): Wanted {
  const template = names.templateDatabase(templateVersion(templateMigrations(ledgerMigrations)));
  const readers = [names.role('control_reader'), names.role('directory_reader')];
  const parts = [
    ...controlMigrations.map(({ id: migrationId, sql }) => migrationId + sql),
    ...readers.map((role) => role + derivePassword(encryptionKey, role)),
    // Tenants are told where the server is; an embedded one may come back on another port.
    JSON.stringify([admin.host, admin.port, admin.ssl ?? null, ...(admin.addresses?.all.slice(1) ?? [])]),
    'form 1',
  ];
  return {
    template,
    fingerprint: `cofferdam ${createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32)}`,
  };
}

async function isPrepared(client: pg.ClientBase, { names }: LookOptions, wanted: Wanted): Promise<boolean> {
  const ours = [names.controlDatabase, names.sharedDatabase, wanted.template];
  const { rows } = await client.query<{ ready: boolean }>(
    `select count(*) = 3
        and bool_and(not has_database_privilege('public', d.oid, 'connect'))
        and bool_and(d.datname <> $2 or shobj_description(d.oid, 'pg_database') is not distinct from $3)
        and not exists (select from pg_database o where o.datname in ('postgres', 'template1', $4)
                           and has_database_privilege('public', o.oid, 'connect')
                           and (pg_has_role(current_user, o.datdba, 'usage') or o.datname = $4)) as ready
       from pg_database d where d.datname = any ($1)`,
    [ours, names.controlDatabase, wanted.fingerprint, names.accessDatabase],
  );
  return rows[0]?.ready === true;
}

async function prepare(client: pg.Client, options: PrepareServerOptions, wanted: Wanted): Promise<void> {
  const { names } = options;
  await makeStorePlaces(client, options);
  const { rowCount } = await client.query('select from pg_database where datname = $1', [names.controlDatabase]);
  if (rowCount === 0)
    await client.query(`create database ${id(names.controlDatabase)} template template0 encoding 'UTF8'`);
  await closeToPublic(client, [names.controlDatabase, names.accessDatabase]);
  await prepareControl(client, options);
  await client.query(`comment on database ${id(names.controlDatabase)} is ${quoteLiteral(wanted.fingerprint)}`);
  options.log.info({ control: names.controlDatabase, template: wanted.template }, 'the server is prepared for tenants');
}

async function prepareControl(client: pg.Client, options: PrepareServerOptions): Promise<void> {
  const { admin, names, encryptionKey } = options;
  const database = names.controlDatabase;
  const readers = { ledger_tenant: names.role('control_reader'), access_tenant: names.role('directory_reader') };
  for (const role of Object.values(readers)) {
    await createServiceLogin(client, role, derivePassword(encryptionKey, role), {
      connections: 100,
      searchPath: controlSchema,
    });
    await client.query(`grant connect on database ${id(database)} to ${id(role)}`);
  }
  await inDatabase(admin, database, controlSchema, async (control) => {
    await control.query(`revoke all on schema public from public; create schema if not exists ${id(controlSchema)}`);
    await migrate(control, controlMigrations, { expect: { database, schema: controlSchema } });
    for (const [view, role] of Object.entries(readers))
      await control.query(
        `grant usage on schema ${id(controlSchema)} to ${id(role)}; grant select on feed, ${id(view)} to ${id(role)}`,
      );
    await recordServer(control, { id: 'default', settings: admin, now: options.now });
  });
}

async function inDatabase(
  admin: ConnectionSettings,
  database: string,
  schema: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = openClient(withDatabase(admin, database), {
    applicationName: 'cofferdam prepare',
    searchPath: [schema],
  });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function connections({ admin, names, encryptionKey }: LookOptions) {
  const reader = (role: string) =>
    withLogin(withDatabase(admin, names.controlDatabase), role, derivePassword(encryptionKey, role));
  return {
    control: withDatabase(admin, names.controlDatabase),
    ledgerReader: reader(names.role('control_reader')),
    accessReader: reader(names.role('directory_reader')),
  };
}
