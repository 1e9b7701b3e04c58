import { randomBytes } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deleteTenant, reactivateTenant, suspendTenant } from '../../src/tenancy/change-status.js';
import { createTenant } from '../../src/tenancy/create-tenant.js';
import { slugOf } from '../../src/tenancy/creation/tenant-slug.js';
import { physicalName } from '../../src/tenancy/physical-names.js';
import { asAdmin } from '../support/cluster.js';
import { createInstallation, exists, type Installation } from './support/installation.js';

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation({ retentionDays: 0 });
  await installation.manager.start();
});
afterAll(() => installation.remove());

describe.each(['database', 'schema'] as const)('%s mode', (isolation) => {
  test('create, suspend, reactivate, delete, purge, and the slug is free again', async () => {
    const { manager, seeder } = installation;
    const slug = `cycle-${isolation}`;
    const first = await installation.create({ isolation, slug });
    expect(first).toMatchObject({ status: 'active', isolation, slug });
    expect(seeder.seeds.find(({ tenantId }) => tenantId === first.id)).toMatchObject({
      slug,
      owner: { passwordHash: 'hashed:16' },
    });

    await expect(deleteTenant(manager, first.id, 'test')).rejects.toMatchObject({ reasonName: 'wrong_status' });
    await expect(reactivateTenant(manager, first.id, 'test')).rejects.toMatchObject({ reasonName: 'wrong_status' });
    expect(await suspendTenant(manager, first.id, 'test')).toMatchObject({ status: 'suspended' });
    await expect(suspendTenant(manager, first.id, 'test')).rejects.toMatchObject({ reasonName: 'wrong_status' });
    expect(await reactivateTenant(manager, first.id, 'test')).toMatchObject({ status: 'active' });

    await suspendTenant(manager, first.id, 'test');
    expect(await deleteTenant(manager, first.id, 'test')).toMatchObject({ status: 'deleting' });
    await until(async () => (await installation.get(first.id)).status === 'deleted');
    const name = physicalName(first.id);
    expect(await exists(name)).toEqual({ database: false, role: false });
    expect(await exists(`${name}_owner`)).toEqual({ database: false, role: false });
    expect(await exists(`${name}_migrator`)).toEqual({ database: false, role: false });
    if (isolation === 'schema') expect(await schemaExists(name)).toBe(false);
    expect(seeder.purged).toContain(first.id);
    const { rows } = await manager.control.pool.query('select * from placement where tenant_id = $1', [first.id]);
    expect(rows[0]).toMatchObject({ runtime_credential: null, migrator_credential: null });

    const second = await installation.create({ isolation, slug });
    expect(second).toMatchObject({ status: 'active', slug });
    expect(second.id).not.toBe(first.id);
  });

  test('X-11: display names that look like SQL are inert', async () => {
    for (const name of [
      'x"; DROP SCHEMA public CASCADE; --',
      `'); drop database "postgres"; --`,
      '$do$ end; $do$',
      'Ω 日本 \\ %s $1',
    ]) {
      const { id, status } = await installation.create({ isolation, name });
      expect(await installation.get(id)).toMatchObject({ name, status: 'active' });
      expect(status).toBe('active');
    }
  });
});

test('each change left an audit row, refusals too', async () => {
  const tenant = await installation.create();
  await suspendTenant(installation.manager, tenant.id, 'operator');
  await suspendTenant(installation.manager, tenant.id, 'operator').catch(() => {});
  const { rows } = await installation.manager.control.pool.query(
    'select actor, action, outcome from audit where tenant_id = $1 order by id',
    [tenant.id],
  );
  expect(rows.map(({ actor, action, outcome }) => `${actor} ${action} ${outcome}`)).toEqual([
    'test tenant.create done',
    'system tenant.activate done',
    'operator tenant.suspend done',
    'operator tenant.suspend refused',
  ]);
});

test('the same request again finds the tenant; another one with its slug is a clash', async () => {
  const owner = { email: 'Owner@Same.example', password: 'Correct-Horse-42' };
  const request = { name: 'Same Ltd', slug: 'same', owner, application: { name: 'backend', role: 'editor' as const } };
  const all = await Promise.all(Array.from({ length: 5 }, () => createTenant(installation.manager, request, 'test')));
  expect(new Set(all.map(({ tenant }) => tenant.id)).size).toBe(1);
  expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(all.filter(({ application }) => application?.clientSecret)).toHaveLength(1);
  for (const other of [
    { name: 'Other' },
    { isolation: 'schema' as const },
    { owner: { ...owner, email: 'x@y.example' } },
  ])
    await expect(createTenant(installation.manager, { ...request, ...other }, 'test')).rejects.toMatchObject({
      reasonName: 'slug_taken',
    });
});

test('a deleted tenant comes back within the retention, and not after the purge has begun', async () => {
  const manager = { ...installation.manager, retentionDays: 30 };
  const tenant = await installation.create();
  await suspendTenant(manager, tenant.id, 'test');
  const deleting = await deleteTenant(manager, tenant.id, 'test');
  expect(Date.parse(deleting.purgeAfter ?? '') - Date.now()).toBeGreaterThan(29 * 86_400_000);
  await expect(
    createTenant(
      manager,
      { name: 'x', slug: tenant.slug, owner: { email: 'a@b.example', password: 'Correct-Horse-42' } },
      'test',
    ),
  ).rejects.toMatchObject({ reasonName: 'slug_taken' });
  expect(await reactivateTenant(manager, tenant.id, 'test')).toMatchObject({ status: 'active', purgeAfter: null });
});

test('the change feed grows with every change, in the order of commits', async () => {
  const { manager } = installation;
  const tenants = await Promise.all(Array.from({ length: 3 }, () => installation.create()));
  await Promise.all(tenants.map(({ id }) => suspendTenant(manager, id, 'test')));
  const { rows } = await manager.control.pool.query('select version from tenant order by version');
  const versions = rows.map(({ version }) => version);
  expect(new Set(versions).size).toBe(versions.length);
  const { rows: feed } = await manager.control.pool.query('select counter from change_feed');
  expect(feed[0].counter).toBeGreaterThanOrEqual(Math.max(...versions));
});

test('slugs made out of names are valid and always the same', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }), (name) => {
      expect(slugOf(name)).toMatch(/^[a-z][a-z0-9-]{1,62}$/);
      expect(slugOf(name)).toBe(slugOf(name));
    }),
  );
});

test('X-10: canonical ids are stable, and no two tenants share a physical name', () => {
  const ids = fc.oneof(
    fc.uuid(),
    fc.uuid().map((id) => id.replaceAll('-', '').toUpperCase()),
    fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$/),
  );
  fc.assert(
    fc.property(ids, ids, (x, y) => {
      const [a, b] = [canonicalTenantId(x), canonicalTenantId(y)] as [TenantId, TenantId];
      expect(canonicalTenantId(a)).toBe(a);
      expect(physicalName(a)).toMatch(/^t_[0-9a-f]{32}$/);
      expect(physicalName(a) === physicalName(b)).toBe(a === b);
    }),
  );
  for (const bad of [
    '',
    ' a',
    'a ',
    'a\0',
    '-a',
    'а',
    'a/b',
    '../x',
    '{00000000-0000-0000-0000-000000000000}',
    'urn:uuid:00000000-0000-0000-0000-000000000000',
    'x'.repeat(10_000),
  ])
    expect(canonicalTenantId(bad), bad.slice(0, 50)).toBeUndefined();
});

test('ids that differ by letter case only are one id to the control database', async () => {
  const insert = (id: string) =>
    installation.manager.control.pool.query(
      `insert into tenant (id, slug, name, isolation, status, version, created_at, updated_at, deleted_at)
       values ($1, $2, 'x', 'database', 'deleted', 0, now(), now(), now())`,
      [id, `s-${randomBytes(4).toString('hex')}`],
    );
  await insert('Imported-A');
  await expect(insert('imported-a')).rejects.toMatchObject({ constraint: 'tenant_id_folded' });
});

async function schemaExists(name: string): Promise<boolean> {
  return asAdmin(async (admin) => {
    const { rows } = await admin.query('select from pg_namespace where nspname = $1', [name]);
    return rows.length > 0;
  }, installation.names.sharedDatabase);
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
