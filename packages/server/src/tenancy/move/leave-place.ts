import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { dropStore } from '../drop-store.js';
import { dropLogin } from '../rotation/advance-rotation.js';
import type { Place } from './move-record.js';
import type { MoveTools } from './prepare-place.js';

/**
 * Takes a place away that does not serve any more: logins, tables, database. On one server owner and migrator stay for the
 * place that is kept. Idempotent.
 */
export async function leavePlace(tools: MoveTools, gone: Place, kept: Place): Promise<void> {
  const server = await tools.admin.server(gone.serverId);
  const { sharedDatabase } = tools.names;
  if (gone.serverId !== kept.serverId) {
    await dropSchemas(tools, gone, kept);
    await dropStore(server, gone, sharedDatabase);
    return;
  }
  const { database, schema, runtimeLogin, migratorLogin } = gone.store;
  const { rowCount } = await server.cluster.query('select from pg_database where datname = $1', [database]);
  if (rowCount !== 0) {
    await dropLogin(server, runtimeLogin, database, schema);
    await dropSchemas(tools, gone, kept);
    if (database !== sharedDatabase && gone.origin !== 'given')
      await server.cluster.query(`drop database if exists ${id(database)} with (force)`);
    else await server.cluster.query(`revoke all on database ${id(database)} from ${id(migratorLogin)}`);
  }
  // Its database went before it did: nothing of it is left anywhere.
  const { rowCount: left } = await server.cluster.query('select from pg_roles where rolname = $1', [runtimeLogin]);
  if (left !== 0) await server.cluster.query(`drop role ${id(runtimeLogin)}`);
}

/** It may carry the other place's name: replication finds tables by name. Only what belongs to this tenant's owner goes. */
async function dropSchemas(tools: MoveTools, gone: Place, kept: Place): Promise<void> {
  const server = await tools.admin.server(gone.serverId);
  const { rowCount } = await server.cluster.query('select from pg_database where datname = $1', [gone.store.database]);
  if (rowCount === 0) return;
  const client = await server.connect(gone.store.database, gone.store.schema);
  try {
    const { rows } = await client.query<{ name: string }>(
      `select nspname as name from pg_namespace
        where nspname = any ($1) and nspowner = (select oid from pg_roles where rolname = $2)`,
      [[gone.store.schema, kept.store.schema], gone.store.ownerRole],
    );
    for (const { name } of rows) await client.query(`drop schema ${id(name)} cascade`);
  } finally {
    await client.end();
  }
}
