import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../../postgres/identifiers.js';
import type { AdminServer } from '../admin-connections.js';
import { newPassword } from '../credentials.js';
import { closeStore } from '../provisioning/close-store.js';
import { createRoles } from '../provisioning/create-roles.js';
import { createStore } from '../provisioning/create-store.js';
import { grantRights } from '../provisioning/grant-rights.js';
import { migrateStore } from '../provisioning/migrate-store.js';
import type { ProvisioningRun, ProvisioningTools } from '../provisioning/run.js';
import { probeIsolation } from '../provisioning/verify-isolation.js';
import { newSpare, readyMark, type Spare } from './spare-names.js';

const steps = [createRoles, createStore, closeStore, migrateStore, grantRights];

/**
 * Makes a store by the very steps that make a tenant's, tries its doors, and marks it ready. Passwords are thrown away:
 * the taking sets new ones.
 */
export async function makeSpare(
  tools: ProvisioningTools,
  server: AdminServer,
  isolation: Spare['isolation'],
): Promise<void> {
  const { store } = newSpare(tools.names, isolation, tools.ledgerMigrations);
  let inStore: Promise<pg.Client> | undefined;
  const run = {
    ...tools,
    server,
    // Nobody's: the probes ask for the neighbours of an id that no tenant has.
    tenant: { id: 'spare' as TenantId, isolation } as ProvisioningRun['tenant'],
    placement: {
      serverId: server.id,
      store,
      origin: 'created',
      connectionsMax: null,
      statementTimeoutMs: null,
    } as ProvisioningRun['placement'],
    passwords: { runtime: newPassword(), migrator: newPassword() },
    seed: undefined,
    inStore() {
      inStore ??= server.connect(store.database, store.schema);
      return inStore;
    },
  } satisfies ProvisioningRun;
  try {
    for (const step of steps) await step.run(run);
    await probeIsolation(run);
    await tools.boundary?.('worked', 'spare');
  } finally {
    const client = await inStore?.catch(() => undefined);
    await client?.end().catch(() => {});
  }
  await server.cluster.query(`comment on role ${id(store.ownerRole)} is ${quoteLiteral(readyMark)}`);
}
