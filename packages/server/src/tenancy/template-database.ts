import { createHash } from 'node:crypto';
import type pg from 'pg';
import { type ConnectionSettings, withDatabase } from '../postgres/connection-settings.js';
import { quoteIdentifier as id, quoteLiteral } from '../postgres/identifiers.js';
import { migrate } from '../postgres/migrate.js';
import { isContract, type Migration } from '../postgres/migration.js';
import { openClient } from '../postgres/pool.js';
import { booksSchema } from './physical-names.js';
import { ensureRole, grantToAdmin } from './walls/store-roles.js';

/**
 * Owns what a template holds, so that `reassign owned` finds all of it in a copy. Owns no database: `reassign owned`
 * would hand that over as well. Shared by all installations of a cluster, as templates are.
 */
export const templateOwner = 'cofferdam_template_owner';

/** Raised when something other than the migrations changes what a template holds. */
const templateForm = 'form 1';

/** Content decides the name, so a template is never changed: a new build makes another one beside it. */
export function templateVersion(migrations: readonly Migration[]): string {
  const hash = createHash('sha256').update(templateForm);
  for (const { id: migrationId, sql } of migrations) hash.update(`\0${migrationId}\0${sql}`);
  return hash.digest('hex').slice(0, 16);
}

/** Contract migrations are left out: a new tenant must suit the oldest build that runs (`migrate-store` adds them). */
export function templateMigrations(migrations: readonly Migration[]): readonly Migration[] {
  return migrations.filter((migration) => !isContract(migration));
}

/**
 * Builds the template aside and renames it when whole. Must run under the prepare lock. Nothing connects to it after
 * that: `create database … template` fails while anyone does (55006).
 */
export async function buildTemplate(
  admin: pg.ClientBase,
  settings: ConnectionSettings,
  database: string,
  migrations: readonly Migration[],
): Promise<void> {
  const aside = `${database}_new`;
  await admin.query(`${ensureRole(templateOwner, 'nologin')};\n${grantToAdmin(templateOwner)}`);
  // Left behind by a killed builder, perhaps already marked as a template, which cannot be dropped.
  await admin.query(`do $do$ begin
    if exists (select from pg_catalog.pg_database where datname = ${quoteLiteral(aside)}) then
      execute ${quoteLiteral(`alter database ${id(aside)} is_template false`)};
    end if;
  end $do$`);
  await admin.query(`drop database if exists ${id(aside)} with (force)`);
  await admin.query(`create database ${id(aside)} template template0 encoding 'UTF8'`);
  await admin.query(`revoke all on database ${id(aside)} from public`);
  const client = openClient(withDatabase(settings, aside), {
    applicationName: 'cofferdam template',
    searchPath: [booksSchema],
  });
  await client.connect();
  try {
    await client.query(
      `revoke all on schema public from public; create schema ${id(booksSchema)} authorization ${id(templateOwner)}`,
    );
    await client.query(closeLargeObjects);
    const expect = { database: aside, schema: booksSchema };
    await migrate(client, migrations, { expect, asRole: templateOwner });
  } finally {
    await client.end();
  }
  await admin.query(`alter database ${id(aside)} is_template true allow_connections false`);
  await admin.query(`alter database ${id(aside)} rename to ${id(database)}`);
}

/**
 * Large objects are not used, and in a shared database they would be a place that no schema right guards. Functions of
 * the catalogue belong to the server's superuser; another admin cannot close them and is not stopped by that.
 */
export const closeLargeObjects = `do $do$ declare f regprocedure; begin
  for f in select oid::regprocedure from pg_catalog.pg_proc
            where pronamespace = 'pg_catalog'::regnamespace
              and proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import', 'lo_export') loop
    execute format('revoke execute on function %s from public', f);
  end loop;
exception when insufficient_privilege then null;
end $do$`;
