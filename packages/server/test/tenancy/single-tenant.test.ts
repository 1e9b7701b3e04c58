import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { ledgerMigrations } from '../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../src/ledger/migrations/runtime-grants.js';
import { installationNames } from '../../src/postgres/installation.js';
import { prepareSingleTenant, type SingleTenantOptions } from '../../src/tenancy/single-tenant.js';
import { adminSettings, asAdmin, randomPrefix } from '../support/cluster.js';
import { statementsOf } from '../support/statements.js';
import { exists, removeInstallation, silentLog } from './support/installation.js';

const names = installationNames(randomPrefix());
const options: SingleTenantOptions = {
  admin: adminSettings(),
  names,
  encryptionKey: randomBytes(32),
  ledgerMigrations,
  runtimeGrants,
  log: silentLog,
};
afterAll(() => removeInstallation(names, []));

test('one database with rights like a tenant’s; several starters at once agree; no control database', async () => {
  const all = await Promise.all([1, 2, 3].map(() => prepareSingleTenant(options)));
  const [{ context }] = all as [(typeof all)[number]];
  expect(context).toMatchObject({ tenantId: undefined, slug: undefined, configVersion: 1 });
  expect(Object.isFrozen(context)).toBe(true);
  const { rows } = await context.pool.pg.query(
    'select current_user as user, current_database() as database, current_schema() as schema, (select count(*) from organization) as organizations',
  );
  expect(rows[0]).toEqual({
    user: names.role('ledger'),
    database: names.singleDatabase,
    schema: 'ledger',
    organizations: 0,
  });
  for (const refused of [
    'create table x ()',
    'create temp table x ()',
    'drop table organization',
    'delete from operation',
    `set role "${names.role('ledger_owner')}"`,
  ])
    await expect(context.pool.pg.query(refused), refused).rejects.toMatchObject({ code: '42501' });
  expect(await exists(names.controlDatabase)).toEqual({ database: false, role: false });
  await Promise.all(all.map(({ drain }) => drain(100)));
  expect(() => context.pool.pg).toThrow();
});

test('the second start has nothing to do, is fast, and finds the data of the first', async () => {
  await asAdmin(
    (admin) =>
      admin.query(
        `insert into ledger.organization (id, legal_name, legal_document, status_code, created_at, updated_at)
         values (gen_random_uuid(), 'x', 'y', 'ACTIVE', now(), now())`,
      ),
    names.singleDatabase,
  );
  let again: Awaited<ReturnType<typeof prepareSingleTenant>> | undefined;
  const statements = await statementsOf(async () => {
    again = await prepareSingleTenant(options);
  });
  expect(statements).toBeLessThan(10);
  const { context, drain } = again as NonNullable<typeof again>;
  const { rows } = await context.pool.pg.query('select count(*) from organization');
  expect(rows[0]).toEqual({ count: 1 });
  await drain(100);
});

test('a newer build brings the books up to date at its start', async () => {
  const newer = {
    ...options,
    ledgerMigrations: [...ledgerMigrations, { id: '9999_later', sql: 'create table later (x int)' }],
    runtimeGrants: (login: string) => `${runtimeGrants(login)}; grant select on later to ${login}`,
  };
  const { context, drain } = await prepareSingleTenant(newer);
  await context.pool.pg.query('select * from later');
  await drain(100);
  await expect(prepareSingleTenant(options)).rejects.toThrow(/9999_later/);
});
