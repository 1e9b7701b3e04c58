import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { changeSharedRights } from '../walls/serialize.js';
import type { ProvisioningRun, ProvisioningStep } from './run.js';

/** Takes the default rights away, gives CONNECT to this tenant's logins alone, and only then lets anyone in. */
export const closeStore: ProvisioningStep = {
  name: 'close-store',
  run: (run) => (run.tenant.isolation === 'database' ? closeDatabase(run) : closeSchema(run)),
};

async function closeDatabase({ server, placement }: ProvisioningRun): Promise<void> {
  const { database, runtimeLogin, migratorLogin } = placement.store;
  // Only a fresh copy of the template lets nobody in so far.
  const opening = placement.origin === 'created' ? `alter database ${id(database)} allow_connections true` : '';
  await server.cluster.query(
    `revoke all on database ${id(database)} from public;
     grant connect on database ${id(database)} to ${id(runtimeLogin)}, ${id(migratorLogin)};
     ${opening}`,
  );
}

async function closeSchema({ server, names, placement }: ProvisioningRun): Promise<void> {
  const { schema, runtimeLogin, migratorLogin } = placement.store;
  await server.shared.query(`revoke all on schema ${id(schema)} from public`);
  await changeSharedRights(
    server.cluster,
    `grant connect on database ${id(names.sharedDatabase)} to ${id(runtimeLogin)}, ${id(migratorLogin)}`,
  );
}
