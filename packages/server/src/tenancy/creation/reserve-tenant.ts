import type { TenantId } from '@cofferdam/core';
import { stringifyJson } from '../../http/json.js';
import type { InstallationNames } from '../../postgres/installation.js';
import { defaultServer } from '../admin-connections.js';
import type { ControlTx } from '../control-database.js';
import { newPassword, type Vault } from '../credentials.js';
import { beginOperation } from '../operations.js';
import { type Isolation, type StoreNames, tenantStoreNames } from '../physical-names.js';
import { insertPlacement } from '../placement.js';
import { type SeedInput, sealSeed } from '../provisioning/seed-input.js';
import { provisioningStepsTotal } from '../provisioning/steps.js';
import { chooseServer } from '../servers/choose-server.js';
import { recordGivenServer } from '../servers/record-given-server.js';
import type { BooksSource } from './books-source.js';
import type { WantedTenant } from './wanted-tenant.js';

/** Everything of a tenant that must be there before its store is made, in one transaction. */
export async function reserveTenant(
  tx: ControlTx,
  { vault, names, newId }: { readonly vault: Vault; readonly names: InstallationNames; readonly newId: () => string },
  row: WantedTenant & {
    readonly tenantId: TenantId;
    readonly seed: SeedInput;
    readonly actor: string;
    readonly source: BooksSource;
  },
): Promise<void> {
  const { tenantId, seed } = row;
  const { client, at } = tx;
  // Version 0 until the feed's counter is known: asking for it last keeps other changes waiting for less long.
  await client.query(
    `insert into tenant (id, slug, name, isolation, status, metadata, owner_email, login_client_id,
                         application_id, application_client_id, version, created_at, updated_at)
     values ($1, $2, $3, $4, 'provisioning', $5, $6, $7, $8, $9, 0, $10, $10)`,
    [
      tenantId,
      row.slug,
      row.name,
      row.isolation,
      stringifyJson(row.metadata),
      row.email,
      seed.loginClientId,
      seed.application?.id ?? null,
      seed.application?.clientId ?? null,
      at,
    ],
  );
  await client.query(
    `insert into association (tenant_id, service, status, created_at, updated_at)
     values ($1, 'ledger', 'provisioning', $2, $2)`,
    [tenantId, at],
  );
  await client.query('insert into provisioning (tenant_id, input, started_at, updated_at) values ($1, $2, $3, $3)', [
    tenantId,
    sealSeed(vault, tenantId, seed),
    at,
  ]);
  await beginOperation(client, {
    id: newId(),
    kind: row.source.origin === 'adopted' ? 'tenant.adopt' : 'tenant.provision',
    tenantId,
    actor: row.actor,
    total: provisioningStepsTotal,
    at,
  });
  await tx.audit({
    actor: row.actor,
    action: 'tenant.create',
    tenantId,
    outcome: 'done',
    details: {
      slug: row.slug,
      isolation: row.isolation,
      books: row.source.origin,
      application: seed.application?.clientId ?? null,
    },
  });
  const version = await tx.nextVersion();
  await client.query('update tenant set version = $2 where id = $1', [tenantId, version]);
  const placement = {
    serverId: await serverOf(tx, vault, tenantId, row.source, version),
    store: storeOf(row, names),
    runtimeCredential: vault.seal(tenantId, 'runtime-login', newPassword()),
    migratorCredential: vault.seal(tenantId, 'migrator-login', newPassword()),
    configVersion: version,
    origin: row.source.origin,
  };
  await insertPlacement(client, tenantId, placement, at);
}

function serverOf(
  tx: ControlTx,
  vault: Vault,
  tenantId: TenantId,
  source: BooksSource,
  version: number,
): Promise<string> | string {
  if (source.origin === 'created') return chooseServer(tx.client, source.wish);
  if (source.origin === 'adopted') return defaultServer;
  return recordGivenServer(tx, vault, { tenantId, version, ...source });
}

/** Roles are always the tenant's own; a database that was there keeps its name. */
function storeOf(
  { tenantId, isolation, source }: { tenantId: TenantId; isolation: Isolation; source: BooksSource },
  names: InstallationNames,
): StoreNames {
  const store = tenantStoreNames(tenantId, isolation, names);
  if (source.origin === 'given') return { ...store, database: source.settings.database };
  if (source.origin === 'adopted') return { ...store, database: names.singleDatabase };
  return store;
}
