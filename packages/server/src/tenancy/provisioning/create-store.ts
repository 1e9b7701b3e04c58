import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { takeOverSingle } from '../adopt-single.js';
import type { ProvisioningRun, ProvisioningStep } from './run.js';

/**
 * Database mode: a copy of the template that lets nobody in yet, since a copy does not take over the template's rights
 * and PUBLIC may connect to a new database. Schema mode: an empty schema, which is closed from the start. In a database that
 * the operator brought: the same, and migrations fill it. An adopted one changes hands.
 */
export const createStore: ProvisioningStep = {
  name: 'create-store',
  run(run) {
    if (run.placement.origin === 'adopted') return takeOverSingle(run, run.placement.store);
    if (run.placement.origin === 'given') return createSchemaIn(run);
    return run.tenant.isolation === 'database' ? createDatabase(run) : createSchema(run);
  },
};

async function createDatabase({ server, placement, templateDatabase }: ProvisioningRun): Promise<void> {
  const { database } = placement.store;
  const { rows } = await server.cluster.query<{ whole: boolean }>(
    'select datconnlimit <> -2 as whole from pg_database where datname = $1',
    [database],
  );
  // -2: PostgreSQL's mark for a database whose removal was cut short.
  if (rows[0]?.whole === false) await server.cluster.query(`drop database ${id(database)}`);
  if (rows[0]?.whole === true) return;
  await server.cluster.query(
    `create database ${id(database)} template ${id(templateDatabase)} allow_connections false`,
  );
}

async function createSchema({ server, placement }: ProvisioningRun): Promise<void> {
  const { schema, ownerRole } = placement.store;
  await server.shared.query(`create schema if not exists ${id(schema)} authorization ${id(ownerRole)}`);
}

async function createSchemaIn({ inStore, placement }: ProvisioningRun): Promise<void> {
  const { schema, ownerRole } = placement.store;
  const client = await inStore();
  await client.query(
    `revoke all on schema public from public; create schema if not exists ${id(schema)} authorization ${id(ownerRole)}`,
  );
}
