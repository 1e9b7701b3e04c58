import type pg from 'pg';
import { type ConnectionSettings, withDatabase } from '../postgres/connection-settings.js';
import { quoteIdentifier as id } from '../postgres/identifiers.js';
import type { InstallationNames } from '../postgres/installation.js';
import type { Migration } from '../postgres/migration.js';
import { openClient } from '../postgres/pool.js';
import { buildTemplate, closeLargeObjects, templateMigrations, templateVersion } from './template-database.js';
import { closeToPublic } from './walls/public-rights.js';
import { prepareServerLock } from './walls/serialize.js';

export interface PrepareHostOptions {
  readonly admin: ConnectionSettings;
  readonly names: InstallationNames;
  readonly ledgerMigrations: readonly Migration[];
}

/**
 * Makes a server that is not the first one ready for tenants: this build's template, the shared database, nothing open to
 * PUBLIC. Idempotent, safe from several processes; when nothing is to do, one query says so.
 */
export async function prepareHost(options: PrepareHostOptions): Promise<void> {
  const client = openClient(options.admin, { applicationName: 'cofferdam prepare', connectTimeoutMs: 5_000 });
  await client.connect();
  try {
    if (await isReady(client, options)) return;
    await client.query(`select pg_advisory_lock(${prepareServerLock})`);
    if (!(await isReady(client, options))) await makeStorePlaces(client, options);
  } finally {
    await client.end(); // also ends the advisory lock
  }
}

async function isReady(client: pg.ClientBase, { names, ledgerMigrations }: PrepareHostOptions): Promise<boolean> {
  const ours = [names.sharedDatabase, names.templateDatabase(templateVersion(ledgerMigrations))];
  const { rows } = await client.query<{ ready: boolean }>(
    `select count(*) = 2 and bool_and(not has_database_privilege('public', oid, 'connect')) as ready
       from pg_database where datname = any ($1)`,
    [ours],
  );
  return rows[0]?.ready === true;
}

/** The shared database and the template, closed. Must run under the prepare lock. */
export async function makeStorePlaces(client: pg.Client, options: PrepareHostOptions): Promise<void> {
  const { admin, names, ledgerMigrations } = options;
  const template = names.templateDatabase(templateVersion(ledgerMigrations));
  await closeToPublic(client, ['postgres', 'template1'], 'if allowed');
  const { rows } = await client.query<{ datname: string }>('select datname from pg_database where datname = any ($1)', [
    [names.sharedDatabase, template],
  ]);
  const existing = new Set(rows.map(({ datname }) => datname));
  if (!existing.has(template)) await buildTemplate(client, admin, template, templateMigrations(ledgerMigrations));
  if (!existing.has(names.sharedDatabase))
    await client.query(`create database ${id(names.sharedDatabase)} template template0 encoding 'UTF8'`);
  await closeToPublic(client, [names.sharedDatabase, template]);
  const shared = openClient(withDatabase(admin, names.sharedDatabase), { applicationName: 'cofferdam prepare' });
  await shared.connect();
  try {
    await shared.query(`revoke all on schema public from public; ${closeLargeObjects}`);
  } finally {
    await shared.end();
  }
}
