import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import { isContract, lastExpand } from '../../postgres/migration.js';
import { finishUnfinished } from '../operations.js';
import { getPlacement } from '../placement.js';
import { takeSpare } from '../spares/take-spare.js';
import { underTenantLock } from '../tenant-lock.js';
import { findTenant, lockTenant, setTenantStatus } from '../tenant-record.js';
import type { ProvisioningRun, ProvisioningTools } from './run.js';
import { openSeed } from './seed-input.js';
import { provisioningSteps } from './steps.js';

const provisioningKinds = ['tenant.provision', 'tenant.adopt'] as const;

export type ProvisioningOutcome = 'active' | 'failed' | 'busy' | 'nothing to do';

/**
 * Brings one tenant from `provisioning` to `active`, or to `failed` with a reason. Goes on after the last recorded step.
 * Only one process works at a tenant: the lock belongs to a connection and ends with it, however the process ends.
 */
export async function provisionTenant(tools: ProvisioningTools, tenantId: TenantId): Promise<ProvisioningOutcome> {
  return (await underTenantLock(tools.control, tenantId, () => attempt(tools, tenantId))) ?? 'busy';
}

async function attempt(tools: ProvisioningTools, tenantId: TenantId): Promise<ProvisioningOutcome> {
  const { control, log } = tools;
  if ((await findTenant(control.pool, tenantId))?.status !== 'provisioning') return 'nothing to do';
  const { rows } = await control.pool.query<{ done: Record<string, number>; input: string | null }>(
    'update provisioning set attempts = attempts + 1, error = null, updated_at = now() where tenant_id = $1 returning done, input',
    [tenantId],
  );
  const { done = {}, input = null } = rows[0] ?? {};
  let stepName = 'start';
  let run: Awaited<ReturnType<typeof openRun>> | undefined;
  try {
    run = await openRun(tools, tenantId, input);
    if (Object.keys(done).length === 0 && (await takeSpare(run.value))) {
      for (const { name } of spareSteps) done[name] = 0;
      await recordAll(tools, tenantId, spareSteps);
    }
    for (const step of provisioningSteps) {
      if (step.name in done) continue;
      stepName = step.name;
      await tools.boundary?.('before', step.name);
      const start = tools.elapsed();
      await step.run(run.value);
      await tools.boundary?.('worked', step.name);
      await record(tools, tenantId, step.name, Math.round(tools.elapsed() - start));
    }
    stepName = 'activate';
    await tools.boundary?.('before', 'activate');
    const activated = await activate(tools, tenantId, await appliedContract(run.value));
    log.info({ tenantId }, activated ? 'tenant is active' : 'tenant is no longer being provisioned');
    return activated ? 'active' : 'nothing to do';
  } catch (error) {
    await fail(tools, tenantId, stepName, error);
    return 'failed';
  } finally {
    await run?.close();
  }
}

async function openRun(tools: ProvisioningTools, tenantId: TenantId, input: string | null) {
  const tenant = await findTenant(tools.control.pool, tenantId);
  const placement = await getPlacement(tools.control.pool, tenantId);
  if (tenant === undefined || placement.runtimeCredential === null || placement.migratorCredential === null)
    throw new Error(`tenant ${tenantId} has no credentials`);
  const server = await tools.admin.server(placement.serverId);
  if (server.kind === 'shared') await tools.prepareHost(server);
  let inStore: Promise<pg.Client> | undefined;
  const value: ProvisioningRun = {
    ...tools,
    tenant,
    placement,
    server,
    passwords: {
      runtime: tools.vault.open(tenantId, 'runtime-login', placement.runtimeCredential),
      migrator: tools.vault.open(tenantId, 'migrator-login', placement.migratorCredential),
    },
    seed: input === null ? undefined : openSeed(tools.vault, tenant, input),
    inStore() {
      inStore ??= server.connect(placement.store.database, placement.store.schema);
      return inStore;
    },
  };
  const close = async () => {
    const client = await inStore?.catch(() => undefined);
    await client?.end().catch(() => {});
  };
  return { value, close };
}

/** What is done when a spare has been taken. */
const spareSteps = provisioningSteps.slice(0, -1);

/** The taking itself is not recorded: cut short after it, the steps run on a store that has all of it already. */
async function recordAll(
  { control }: ProvisioningTools,
  tenantId: TenantId,
  steps: readonly { readonly name: string }[],
): Promise<void> {
  const done = Object.fromEntries(steps.map(({ name }) => [name, 0]));
  await control.pool.query(
    `with shown as (
       update operation set step = 'take-spare', done = done + $3, updated_at = now()
        where tenant_id = $1 and kind in ('tenant.provision', 'tenant.adopt') and state = 'running')
     update provisioning set step = 'take-spare', done = done || $2::jsonb, updated_at = now() where tenant_id = $1`,
    [tenantId, JSON.stringify(done), steps.length],
  );
}

async function record({ control }: ProvisioningTools, tenantId: TenantId, step: string, ms: number): Promise<void> {
  await control.pool.query(
    `with shown as (
       update operation set step = $2, done = done + 1, updated_at = now()
        where tenant_id = $1 and kind in ('tenant.provision', 'tenant.adopt') and state = 'running')
     update provisioning set step = $2, done = done || jsonb_build_object($2::text, $3::integer), updated_at = now()
      where tenant_id = $1`,
    [tenantId, step, ms],
  );
}

/** What the store itself says: the step that may have run them can be another process's, a while ago. */
async function appliedContract({ ledgerMigrations, inStore }: ProvisioningRun): Promise<string | null> {
  const contracts = ledgerMigrations.filter(isContract).map((migration) => migration.id);
  if (contracts.length === 0) return null;
  const { rows } = await (await inStore()).query<{ last: string | null }>(
    'select max(id) as last from schema_migration where id = any ($1)',
    [contracts],
  );
  return rows[0]?.last ?? null;
}

/** Status, association, schema version and feed in one transaction: a reader sees all of it or none. */
async function activate(
  { control, ledgerMigrations }: ProvisioningTools,
  tenantId: TenantId,
  contract: string | null,
): Promise<boolean> {
  return control.change(async (tx) => {
    const tenant = await lockTenant(tx.client, tenantId);
    if (tenant?.status !== 'provisioning') return false;
    await tx.client.query(
      'update placement set schema_version = $2, contract_version = $3, updated_at = $4 where tenant_id = $1',
      [tenantId, lastExpand(ledgerMigrations) ?? null, contract, tx.at],
    );
    await tx.client.query(
      `update association set status = 'active', updated_at = $2 where tenant_id = $1 and status = 'provisioning'`,
      [tenantId, tx.at],
    );
    await tx.client.query(
      'update provisioning set input = null, error = null, finished_at = $2, updated_at = $2 where tenant_id = $1',
      [tenantId, tx.at],
    );
    for (const kind of provisioningKinds) await finishUnfinished(tx, tenantId, kind, { state: 'succeeded' });
    await tx.audit({ actor: 'system', action: 'tenant.activate', tenantId, outcome: 'done' });
    await setTenantStatus(tx, tenantId, { status: 'active' });
    return true;
  });
}

async function fail(
  { control, log }: ProvisioningTools,
  tenantId: TenantId,
  step: string,
  error: unknown,
): Promise<void> {
  const text = error instanceof Error ? error.message : String(error);
  log.error({ tenantId, step, err: error }, 'provisioning failed');
  const reason = `${step}: ${text}`.slice(0, 1_000);
  await control.change(async (tx) => {
    const tenant = await lockTenant(tx.client, tenantId);
    if (tenant?.status !== 'provisioning') return;
    await tx.client.query('update provisioning set error = $2, updated_at = $3 where tenant_id = $1', [
      tenantId,
      reason,
      tx.at,
    ]);
    for (const kind of provisioningKinds)
      await finishUnfinished(tx, tenantId, kind, { state: 'failed', error: reason });
    await tx.audit({ actor: 'system', action: 'tenant.provision', tenantId, outcome: 'failed', details: { reason } });
    await setTenantStatus(tx, tenantId, { status: 'failed', reason });
  });
}
