import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { migrate, pendingMigrations } from '../../postgres/migrate.js';
import { isContract } from '../../postgres/migration.js';
import { contractMark } from '../fleet/held-contracts.js';
import { templateOwner } from '../template-database.js';
import type { ProvisioningRun, ProvisioningStep } from './run.js';

/**
 * Database mode: the copied tables change hands. Both modes: migrations up to head, as this tenant's migrator and never
 * as the administrator; in a fresh copy there are none left to run.
 */
export const migrateStore: ProvisioningStep = {
  name: 'migrate-store',
  async run(run) {
    if (run.tenant.isolation === 'database' && run.placement.origin === 'created') await takeOver(run);
    const mark = (await contractMark(run.control.pool)) ?? '';
    const hold = new Set(run.ledgerMigrations.filter((one) => isContract(one) && one.id > mark).map(({ id }) => id));
    const pending = await pendingMigrations(await run.inStore(), run.ledgerMigrations);
    if (pending.some((migration) => !hold.has(migration))) await runMigrations(run, hold);
  },
};

async function takeOver({ inStore, placement }: ProvisioningRun): Promise<void> {
  const client = await inStore();
  const owner = id(placement.store.ownerRole);
  // The schema first: for an admin who is no superuser the new owner of a function must already have CREATE there.
  await client.query(
    `alter schema ${id(placement.store.schema)} owner to ${owner};
     reassign owned by ${id(templateOwner)} to ${owner}`,
  );
}

async function runMigrations(
  { server, placement, passwords, ledgerMigrations }: ProvisioningRun,
  hold: ReadonlySet<string>,
): Promise<void> {
  const { database, schema, migratorLogin, ownerRole } = placement.store;
  const client = await server.connectAs({
    user: migratorLogin,
    password: passwords.migrator,
    database,
    searchPath: schema,
  });
  try {
    await migrate(client, ledgerMigrations, { expect: { database, schema }, asRole: ownerRole, hold });
  } finally {
    await client.end();
  }
}
