import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../../postgres/identifiers.js';
import { scramVerifier } from '../../postgres/scram-verifier.js';
import type { AdminServer } from '../admin-connections.js';
import { finishOperation, getOperation, type Operation, recordProgress } from '../operations.js';
import { getPlacement, type Placement } from '../placement.js';
import type { ProvisioningTools } from '../provisioning/run.js';
import { probeIsolation } from '../provisioning/verify-isolation.js';
import { underTenantLock } from '../tenant-lock.js';
import { findTenant, lockTenant, type TenantRecord, touchTenant } from '../tenant-record.js';
import { changeSharedRights } from '../walls/serialize.js';
import { createRuntimeLogin, grantToAdmin, roleLimitsOf } from '../walls/store-roles.js';
import type { RotationDetails, RotationPasswords } from './start-rotation.js';

export type RotationTools = Pick<
  ProvisioningTools,
  'control' | 'admin' | 'names' | 'vault' | 'runtimeGrants' | 'templateDatabase' | 'log' | 'boundary'
> & { readonly now: () => Date };

/** After this long a session of the old login is cut: fail-static ends then, so nothing legitimate still uses it. */
const longestOverlapMs = 15 * 60_000;
const sessionsPollMs = 500;

/**
 * Does what is due of one rotation. Answers when to come again, in milliseconds; undefined: it has ended, or another
 * process is at it. Each part is idempotent, so a killed one is simply done again.
 */
export async function advanceRotation(tools: RotationTools, operationId: string): Promise<number | undefined> {
  const { tenantId } = await getOperation(tools.control.pool, operationId);
  if (tenantId === null) throw new Error(`rotation ${operationId} is of no tenant`);
  return underTenantLock(tools.control, tenantId, async () => {
    const operation = await getOperation(tools.control.pool, operationId);
    if (operation.state !== 'running') return undefined;
    const tenant = await findTenant(tools.control.pool, tenantId);
    if (tenant === undefined || tenant.status === 'deleted') {
      await finishOperation(tools.control.pool, operationId, { state: 'cancelled', at: tools.now().toISOString() });
      return undefined;
    }
    const placement = await getPlacement(tools.control.pool, tenantId);
    const server = await tools.admin.server(placement.serverId);
    const details = operation.details as unknown as RotationDetails;
    if (details.switchedAt === undefined) {
      await changeOver(tools, { operation, details, tenant, placement, server });
      return Math.min(sessionsPollMs, details.overlapSeconds * 1_000);
    }
    return retireOld(tools, { operation, details, tenant, placement, server });
  });
}

interface Rotation {
  readonly operation: Operation;
  readonly details: RotationDetails;
  readonly tenant: TenantRecord;
  readonly placement: Placement;
  readonly server: AdminServer;
}

/** The new login is made, tried as the old one was at its birth, and only then put in the old one's place. */
async function changeOver(tools: RotationTools, rotation: Rotation): Promise<void> {
  const { control, vault } = tools;
  const { operation, details, tenant, server } = rotation;
  const { placement } = rotation;
  if (operation.input === null) throw new Error(`rotation ${operation.id} has lost its passwords`);
  const passwords = JSON.parse(vault.open(tenant.id, 'operation-input', operation.input)) as RotationPasswords;
  const store = { ...placement.store, runtimeLogin: details.to };
  let inStore: Promise<pg.Client> | undefined;
  const connect = () => {
    inStore ??= server.connect(store.database, store.schema);
    return inStore;
  };
  try {
    await createRuntimeLogin(server.cluster, store, passwords.runtime, roleLimitsOf(placement));
    await grantRights(tools, server, store, await connect());
    await tools.boundary?.('worked', 'rotate-create-login');
    await recordProgress(control.pool, operation.id, { step: 'create-login', done: 1 });
    await probeIsolation({ ...tools, server, tenant, placement: { ...placement, store }, passwords, inStore: connect });
    await recordProgress(control.pool, operation.id, { step: 'verify', done: 2 });
    // The migrator has one name: whoever meets the moment between these two reads the placement again and retries.
    const migrator = quoteLiteral(await scramVerifier(passwords.migrator));
    await server.cluster.query(`alter role ${id(store.migratorLogin)} password ${migrator}`);
    await tools.boundary?.('worked', 'rotate-migrator');
    await switchOver(tools, rotation, passwords);
  } finally {
    const client = await inStore?.catch(() => undefined);
    await client?.end().catch(() => {});
  }
}

async function grantRights(
  { runtimeGrants }: RotationTools,
  server: AdminServer,
  { database, schema, ownerRole, runtimeLogin }: Placement['store'],
  inStore: pg.Client,
): Promise<void> {
  await changeSharedRights(server.cluster, `grant connect on database ${id(database)} to ${id(runtimeLogin)}`);
  await inStore.query(
    `set role ${id(ownerRole)};
     grant usage on schema ${id(schema)} to ${id(runtimeLogin)};
     ${runtimeGrants(id(runtimeLogin))};
     reset role`,
  );
}

/** One commit: processes learn of login and password together, by the feed, and replace their pools. */
async function switchOver(
  { control, vault, now }: RotationTools,
  { operation, details, tenant, placement }: Rotation,
  passwords: RotationPasswords,
): Promise<void> {
  await control.change(async (tx) => {
    await lockTenant(tx.client, tenant.id);
    const switched = { step: 'switch', done: 3, details: { switchedAt: now().toISOString() } };
    await recordProgress(tx.client, operation.id, switched);
    await tx.audit({
      actor: operation.actor,
      action: 'tenant.rotate.switch',
      tenantId: tenant.id,
      outcome: 'done',
      details: { operation: operation.id, from: details.from, to: details.to },
    });
    const version = await touchTenant(tx, tenant.id);
    // A migration that came between would have given its new tables to the old login alone: then all of this again.
    const { rowCount } = await tx.client.query(
      `update placement set runtime_login = $2, runtime_credential = $3, migrator_credential = $4, config_version = $5, updated_at = $6
        where tenant_id = $1 and schema_version is not distinct from $7`,
      [
        tenant.id,
        details.to,
        vault.seal(tenant.id, 'runtime-login', passwords.runtime),
        vault.seal(tenant.id, 'migrator-login', passwords.migrator),
        version,
        tx.at,
        placement.schemaVersion,
      ],
    );
    if (rowCount !== 1) throw new Error('the books were migrated during the rotation; it is tried again');
  });
}

/** Waits until the overlap has passed and nobody is connected as the old login any more, then drops it. */
async function retireOld(
  tools: RotationTools,
  { operation, details, tenant, placement, server }: Rotation,
): Promise<number | undefined> {
  const { control, now, log } = tools;
  const sinceMs = now().getTime() - Date.parse(details.switchedAt ?? '');
  const restMs = details.overlapSeconds * 1_000 - sinceMs;
  if (operation.step !== 'overlap') {
    // A migration under way during the switch may have given its new tables to the old login alone.
    const inStore = await server.connect(placement.store.database, placement.store.schema);
    try {
      await grantRights(tools, server, placement.store, inStore);
    } finally {
      await inStore.end();
    }
    await recordProgress(control.pool, operation.id, { step: 'overlap', done: 3 });
  }
  if (restMs > 0) return Math.min(restMs, sessionsPollMs);
  const { rows } = await server.cluster.query<{ sessions: number }>(
    'select count(*)::integer as sessions from pg_stat_activity where usename = $1',
    [details.from],
  );
  // With an overlap of zero the old login is taken for leaked: it goes at once.
  if ((rows[0]?.sessions ?? 0) > 0 && details.overlapSeconds > 0 && sinceMs < longestOverlapMs) return sessionsPollMs;
  await dropLogin(server, details.from, placement.store.database, placement.store.schema);
  await tools.boundary?.('worked', 'rotate-drop');
  await control.change(async (tx) => {
    await finishOperation(tx.client, operation.id, { state: 'succeeded', at: tx.at });
    await tx.audit({
      actor: operation.actor,
      action: 'tenant.rotate.finish',
      tenantId: tenant.id,
      outcome: 'done',
      details: { operation: operation.id, dropped: details.from },
    });
  });
  log.info({ tenantId: tenant.id, operation: operation.id }, 'the credentials of a tenant have been rotated');
  return undefined;
}

/** Sessions of it are ended, its rights taken, the role dropped. Nothing to do when it is gone already. */
export async function dropLogin(server: AdminServer, login: string, database: string, schema: string): Promise<void> {
  const { rowCount } = await server.cluster.query('select from pg_roles where rolname = $1', [login]);
  if (rowCount === 0) return;
  await server.cluster.query(grantToAdmin(login));
  await server.cluster.query(`alter role ${id(login)} nologin`);
  await server.cluster.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [login]);
  await changeSharedRights(server.cluster, `revoke all on database ${id(database)} from ${id(login)}`);
  const inStore = await server.connect(database, schema);
  try {
    await inStore.query(`drop owned by ${id(login)}`);
  } finally {
    await inStore.end();
  }
  await server.cluster.query(`drop role ${id(login)}`);
}

/** What a rotation that never switched has left. */
export async function undoRotation(tools: RotationTools, operation: Operation): Promise<void> {
  if (operation.tenantId === null) return;
  const placement = await getPlacement(tools.control.pool, operation.tenantId);
  const { to } = operation.details as unknown as RotationDetails;
  if (placement.store.runtimeLogin === to) return;
  const server = await tools.admin.server(placement.serverId);
  await dropLogin(server, to, placement.store.database, placement.store.schema);
}
