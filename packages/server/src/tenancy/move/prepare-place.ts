import type pg from 'pg';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { migrate } from '../../postgres/migrate.js';
import { fingerprintStructure, reading } from '../fleet/structure.js';
import type { Placement } from '../placement.js';
import type { ProvisioningTools } from '../provisioning/run.js';
import { probeIsolation } from '../provisioning/verify-isolation.js';
import { closeLargeObjects } from '../template-database.js';
import type { TenantRecord } from '../tenant-record.js';
import { changeSharedRights } from '../walls/serialize.js';
import { createRuntimeLogin, createStoreRoles, roleLimitsOf } from '../walls/store-roles.js';
import { isSameServer, type MoveDetails, type MoveSecrets } from './move-record.js';
import type { OpenPlace } from './replication.js';

export type MoveTools = Pick<
  ProvisioningTools,
  | 'control'
  | 'admin'
  | 'names'
  | 'vault'
  | 'runtimeGrants'
  | 'templateDatabase'
  | 'ledgerMigrations'
  | 'prepareHost'
  | 'log'
  | 'boundary'
> & { readonly now: () => Date };

export interface Preparation {
  readonly tenant: TenantRecord;
  readonly placement: Placement;
  readonly details: MoveDetails;
  readonly secrets: MoveSecrets;
}

/**
 * Roles, database or schema and empty tables of the source's version at the new place, walls tried as those of a new tenant
 * are. Until the switch its schema carries the source's name, by which replication finds the tables. Idempotent.
 */
export async function preparePlace(tools: MoveTools, { details, secrets, placement }: Preparation): Promise<void> {
  const { to, from } = details;
  const server = await tools.admin.server(to.serverId);
  await tools.prepareHost(server);
  const store = { ...to.store, schema: from.store.schema };
  const limits = roleLimitsOf(placement);
  // On one server owner and migrator stay; the run-time login is another, so that the old one can be taken away.
  if (isSameServer(details)) await createRuntimeLogin(server.cluster, store, secrets.runtime, limits);
  else await createStoreRoles(server.cluster, store, secrets, limits);
  if (to.isolation === 'database') {
    const { rowCount } = await server.cluster.query('select from pg_database where datname = $1', [store.database]);
    if (rowCount === 0)
      await server.cluster.query(`create database ${id(store.database)} template template0 encoding 'UTF8'`);
    await server.cluster.query(`revoke all on database ${id(store.database)} from public`);
  }
  await changeSharedRights(
    server.cluster,
    `grant connect on database ${id(store.database)} to ${id(store.runtimeLogin)}, ${id(store.migratorLogin)}`,
  );
  const inStore = await server.connect(store.database, store.schema);
  try {
    await refuseForeignSchema(inStore, store.schema, store.ownerRole);
    if (to.isolation === 'database')
      await inStore.query(`revoke all on schema public from public; ${closeLargeObjects}`);
    await inStore.query(
      `create schema if not exists ${id(store.schema)} authorization ${id(store.ownerRole)};
       revoke all on schema ${id(store.schema)} from public`,
    );
  } finally {
    await inStore.end();
  }
}

/** Two tenants that come from databases of their own bring the same schema name: one after the other. */
async function refuseForeignSchema(client: pg.ClientBase, schema: string, owner: string): Promise<void> {
  const { rowCount } = await client.query(
    'select from pg_namespace where nspname = $1 and nspowner <> (select oid from pg_roles where rolname = $2)',
    [schema, owner],
  );
  if (rowCount !== 0) throw new Error(`the schema ${schema} of another tenant is still there; it is tried again`);
}

/** Migrations up to those of the source, rights, metadata indexes; then both structures must be the same. Idempotent. */
export async function makeTables(
  tools: MoveTools,
  { details, secrets, tenant, placement }: Preparation,
  sender: OpenPlace,
  receiver: OpenPlace,
): Promise<void> {
  const { schema } = sender.place.store;
  const store = { ...receiver.place.store, schema };
  const { rows } = await sender.client.query<{ id: string }>(`select id from ${id(schema)}.schema_migration`);
  const applied = new Set(rows.map((row) => row.id));
  const hold = new Set(tools.ledgerMigrations.filter((one) => !applied.has(one.id)).map((one) => one.id));
  const migrator = await receiver.server.connectAs({
    user: store.migratorLogin,
    password: secrets.migrator,
    database: store.database,
    searchPath: schema,
  });
  try {
    const expect = { database: store.database, schema };
    await migrate(migrator, tools.ledgerMigrations, { expect, asRole: store.ownerRole, hold });
  } finally {
    await migrator.end();
  }
  await receiver.client.query(
    `set role ${id(store.ownerRole)}; set search_path = ${id(schema)};
     grant usage on schema ${id(schema)} to ${id(store.runtimeLogin)};
     ${tools.runtimeGrants(id(store.runtimeLogin))}; reset role`,
  );
  await copyIndexes(sender, receiver, schema);
  const [theirs, ours] = await Promise.all([
    reading(sender.client, () => fingerprintStructure(sender.client, { ...sender.place.store })),
    reading(receiver.client, () => fingerprintStructure(receiver.client, store)),
  ]);
  if (theirs !== ours)
    throw new Error('the tables at the two places differ in structure: run cofferdam migrate --drift, and mend it');
  await probeIsolation(
    {
      ...tools,
      server: receiver.server,
      tenant: { ...tenant, isolation: details.to.isolation },
      placement: { ...placement, serverId: details.to.serverId, store },
      passwords: secrets,
      inStore: async () => receiver.client,
    },
    [],
    // On one server the migrator has both places until the switch.
    isSameServer(details) ? [`${store.migratorLogin} may connect to database ${details.from.store.database}`] : [],
  );
}

/** What the tenant has made on its metadata. Their names are the same, and so are the schemas'. */
async function copyIndexes(sender: OpenPlace, receiver: OpenPlace, schema: string): Promise<void> {
  const select = `select c.relname as name, pg_get_indexdef(c.oid) as definition from pg_class c
    join pg_index i on i.indexrelid = c.oid and i.indisvalid
    where c.relnamespace = to_regnamespace($1) and c.relname like 'metadata\\_index\\_%'`;
  const read = ({ client }: OpenPlace) =>
    client.query<{ name: string; definition: string }>(select, [`"${schema}"`]).then(({ rows }) => rows);
  const [wanted, made] = await Promise.all([read(sender), read(receiver)]);
  for (const { name, definition } of wanted.filter((one) => !made.some((other) => other.name === one.name))) {
    if (!/^create (unique )?index /i.test(definition)) throw new Error(`the index ${name} has no definition`);
    await receiver.client.query(`set role ${id(receiver.place.store.ownerRole)}; ${definition}; reset role`);
  }
}
