import { canonicalTenantId, LedgerError, type TenantId } from '@cofferdam/core';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeAssociation } from '../../src/tenancy/associations.js';
import { deleteTenant, reactivateTenant, suspendTenant } from '../../src/tenancy/change-status.js';
import { createTenantResolver } from '../../src/tenancy/resolve-tenant.js';
import { createAccessCatalogue } from '../../src/tenancy/tenant-config.js';
import { awakeMsUntil } from '../support/awake-time.js';
import { asAdmin } from '../support/cluster.js';
import { createInstallation, type Installation, silentLog } from './support/installation.js';
import { type LedgerProcess, principalOf, startLedgerProcess } from './support/ledger-process.js';

let installation: Installation;
let ledger: LedgerProcess;
let tenant: { id: TenantId };

beforeAll(async () => {
  installation = await createInstallation({ retentionDays: 0 });
  await installation.manager.start();
  ledger = await startLedgerProcess(installation);
  tenant = await installation.create();
});
afterAll(async () => {
  await ledger.stop();
  await installation.remove();
});

async function refusal(of: Promise<unknown>): Promise<{ name: string; reason: string | undefined; detail: string }> {
  const error = await of.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LedgerError)) throw new Error(`not refused by a LedgerError: ${error}`);
  return { name: error.reasonName, reason: error.info.reason, detail: error.info.detail };
}

test('a tenant made a moment ago is served at once, and the second answer needs no promise', async () => {
  const fresh = await installation.create({ isolation: 'schema' });
  const context = await ledger.resolve(fresh.id);
  const { rows } = await context.pool.pg.query('select current_user as login, current_schema() as schema');
  expect(rows[0]).toEqual({ login: `t_${fresh.id}`, schema: `t_${fresh.id}` });
  expect(context).toMatchObject({ tenantId: fresh.id, slug: fresh.slug });
  expect(Object.isFrozen(context)).toBe(true);
  const resolver = createTenantResolver({ ...ledger, schemaVersionMin: undefined });
  expect(resolver.resolve(principalOf(fresh.id))).not.toBeInstanceOf(Promise);
});

test('X-06: suspension reaches a second process in 2 s, on a live pool; reactivation too', async () => {
  const second = await startLedgerProcess(installation);
  try {
    const context = await second.resolve(tenant.id);
    await context.pool.pg.query('select 1');
    await suspendTenant(installation.manager, tenant.id, 'test');
    const took = await secondsUntil(async () => (await second.resolve(tenant.id).catch(() => 'refused')) === 'refused');
    expect(took).toBeLessThan(2);
    expect(await refusal(second.resolve(tenant.id))).toMatchObject({
      name: 'service_suspended',
      reason: 'TENANT_SUSPENDED',
    });
    expect(second.pools.size).toBe(0);
    expect(() => context.pool.pg).toThrow(LedgerError);
    await reactivateTenant(installation.manager, tenant.id, 'test');
    expect(
      await secondsUntil(() =>
        second.resolve(tenant.id).then(
          () => true,
          () => false,
        ),
      ),
    ).toBeLessThan(2);
  } finally {
    await second.stop();
  }
});

test('with the feed silent the status is read on each request', async () => {
  const deaf = await startLedgerProcess(installation, { catalogue: { pollMs: 3_600_000 } });
  try {
    await deaf.resolve(tenant.id);
    await expect.poll(() => deaf.catalogue.peek(tenant.id)).toBeUndefined();
    await deaf.resolve(tenant.id);
    await suspendTenant(installation.manager, tenant.id, 'test');
    expect(await refusal(deaf.resolve(tenant.id))).toMatchObject({ reason: 'TENANT_SUSPENDED' });
    await reactivateTenant(installation.manager, tenant.id, 'test');
    await deaf.resolve(tenant.id);
  } finally {
    await deaf.stop();
  }
});

test('the control database gone: known tenants are served for the fail-static time, unknown ones get 503', async () => {
  const failStaticMs = 4_000;
  const process = await startLedgerProcess(installation, { catalogue: { failStaticMs } });
  const other = await installation.create();
  const { controlDatabase } = installation.names;
  try {
    await process.resolve(tenant.id);
    await asAdmin(async (admin) => {
      await admin.query(`alter role "${installation.prepared.ledgerReader.user}" nologin`);
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and datname = $2', [
        installation.prepared.ledgerReader.user,
        controlDatabase,
      ]);
    });
    await expect.poll(() => process.catalogue.isFresh(), { interval: 20 }).toBe(false);
    await process.resolve(tenant.id);
    expect(await refusal(process.resolve(other.id))).toMatchObject({ name: 'tenant_service_unavailable' });
    await new Promise((resolve) => setTimeout(resolve, failStaticMs));
    expect(await refusal(process.resolve(tenant.id))).toMatchObject({ name: 'tenant_service_unavailable' });
  } finally {
    await asAdmin((admin) => admin.query(`alter role "${installation.prepared.ledgerReader.user}" login`));
  }
  expect(
    await secondsUntil(() =>
      process.resolve(other.id).then(
        () => true,
        () => false,
      ),
    ),
  ).toBeLessThan(3);
  await process.stop();
});

test('the refusals: each its own code and word, and none repeats the tenant id', async () => {
  const { manager } = installation;
  const ids: Record<string, TenantId> = {};
  for (const name of ['provisioning', 'failed', 'suspended', 'service', 'none', 'old', 'deleted']) {
    ids[name] = (await installation.create({ isolation: 'schema' })).id;
  }
  const id = (name: string) => ids[name] as TenantId;
  const set = (sql: string, name: string) =>
    manager.control.change(async (tx) => {
      await tx.client.query(sql, [id(name)]);
      await tx.client.query('update tenant set version = $2 where id = $1', [id(name), await tx.nextVersion()]);
    });
  const unknown = canonicalTenantId(uuidv7()) as TenantId;
  await suspendTenant(manager, id('suspended'), 'test');
  await changeAssociation(manager, id('service'), 'ledger', { action: 'suspend', actor: 'test' });
  await set('delete from association where tenant_id = $1', 'none');
  await set(`update placement set schema_version = '0000_ancient' where tenant_id = $1`, 'old');
  await suspendTenant(manager, id('deleted'), 'test');
  const { purgeAfter } = await deleteTenant(manager, id('deleted'), 'test');
  manager.lookForWork(new Date(purgeAfter ?? 0));
  await secondsUntil(async () => (await installation.get(id('deleted'))).status === 'deleted');
  await set(`update tenant set status = 'failed' where id = $1`, 'failed');

  const strict = await startLedgerProcess(installation, { schemaVersionMin: '0001_books' });
  try {
    const expected: [TenantId, string, string][] = [
      [unknown, 'tenant_not_found', 'TENANT_NOT_FOUND'],
      [id('deleted'), 'service_suspended', 'TENANT_PURGED'],
      [id('suspended'), 'service_suspended', 'TENANT_SUSPENDED'],
      [id('service'), 'service_suspended', 'TENANT_SUSPENDED'],
      [id('none'), 'tenant_not_provisioned', 'TENANT_SERVICE_NOT_CONFIGURED'],
      [id('failed'), 'tenant_service_unavailable', 'TENANT_NOT_PROVISIONED'],
      [id('old'), 'tenant_service_unavailable', 'TENANT_MIGRATION_PENDING'],
    ];
    for (const [tenantId, name, reason] of expected) {
      const refused = await refusal(strict.resolve(tenantId));
      expect(refused).toMatchObject({ name, reason });
      expect(refused.detail).not.toContain(tenantId);
    }
    const resolver = createTenantResolver({ ...strict, schemaVersionMin: undefined });
    expect(() => resolver.resolve(principalOf(undefined))).toThrow(
      expect.objectContaining({ reasonName: 'invalid_token' }),
    );
  } finally {
    await strict.stop();
  }
});

test('an unknown tenant is asked for once in 5 s, and known as soon as the feed brings it', async () => {
  const process = await startLedgerProcess(installation);
  try {
    const id = canonicalTenantId(uuidv7()) as TenantId;
    expect(await process.catalogue.get(id)).toBeUndefined();
    await installation.manager.control.change(async (tx) => {
      await tx.client.query(
        `insert into tenant (id, slug, name, isolation, status, version, created_at, updated_at)
         values ($1, $2, 'x', 'schema', 'provisioning', $3, now(), now())`,
        [id, `s-${id}`.slice(0, 60), await tx.nextVersion()],
      );
    });
    expect(await process.catalogue.get(id)).toBeUndefined();
    expect(await secondsUntil(async () => (await process.catalogue.get(id)) !== undefined)).toBeLessThan(2);
    await installation.manager.control.pool.query('delete from tenant where id = $1', [id]);
  } finally {
    await process.stop();
  }
});

test('the Access Manager’s catalogue follows the same feed and holds no credential', async () => {
  const directory = createAccessCatalogue({ settings: installation.prepared.accessReader, log: silentLog });
  await directory.start();
  try {
    const known = await directory.get(tenant.id);
    expect(Object.keys(known ?? {}).sort()).toEqual(['id', 'name', 'slug', 'status', 'version']);
    await suspendTenant(installation.manager, tenant.id, 'test');
    expect(await secondsUntil(async () => (await directory.get(tenant.id))?.status === 'suspended')).toBeLessThan(2);
    await reactivateTenant(installation.manager, tenant.id, 'test');
  } finally {
    await directory.stop();
  }
});

const secondsUntil = async (isSo: () => Promise<boolean>) => (await awakeMsUntil(isSo)) / 1_000;
