import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { migrationRecord } from '../../postgres/migrate.js';
import type { Migration } from '../../postgres/migration.js';
import { ensureRole, grantToAdmin } from '../walls/store-roles.js';
import { readStructure, type StructureNames } from './structure.js';

/**
 * What a store in this database is made of when exactly these migrations have run: they are run, in a schema and with roles
 * that are rolled back with everything in them. The template cannot be asked: nobody may connect to it.
 */
export async function referenceStructure(
  client: pg.ClientBase,
  migrations: readonly Migration[],
  runtimeGrants: (login: string) => string,
): Promise<string[]> {
  const name = `reference_${randomBytes(6).toString('hex')}`;
  const names: StructureNames = {
    schema: name,
    ownerRole: `${name}_owner`,
    runtimeLogin: name,
    migratorLogin: `${name}_migrator`,
  };
  try {
    const [schema, owner, runtime] = [names.schema, names.ownerRole, names.runtimeLogin].map(id);
    await client.query(
      `begin;
       ${ensureRole(names.ownerRole, 'nologin')}; ${ensureRole(names.runtimeLogin, 'nologin')};
       ${grantToAdmin(names.ownerRole)};
       create schema ${schema} authorization ${owner};
       set local search_path = ${schema}; set local role ${owner}; ${migrationRecord}`,
    );
    for (const { sql } of migrations) await client.query(sql);
    await client.query(
      `grant usage on schema ${schema} to ${runtime}; ${runtimeGrants(runtime as string)}; reset role`,
    );
    return await readStructure(client, names);
  } finally {
    await client.query('rollback').catch(() => {});
  }
}
