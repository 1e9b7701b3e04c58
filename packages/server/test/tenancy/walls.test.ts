import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionSettings, toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { getPlacement } from '../../src/tenancy/placement.js';
import { clusterFindings, storeFindings } from '../../src/tenancy/walls/findings.js';
import { listNeighbours } from '../../src/tenancy/walls/neighbours.js';
import { adminSettings, asAdmin } from '../support/cluster.js';
import { createInstallation, type Installation } from './support/installation.js';

interface Door {
  readonly mode: string;
  readonly database: string;
  readonly schema: string;
  readonly login: string;
  readonly migrator: string;
  readonly owner: string;
  readonly password: string;
  readonly migratorPassword: string;
}

let installation: Installation;
let doors: Door[];

beforeAll(async () => {
  installation = await createInstallation();
  doors = [];
  for (const isolation of ['database', 'schema', 'database', 'schema'] as const) {
    const tenant = await installation.create({ isolation });
    expect(tenant).toMatchObject({ status: 'active', statusReason: null });
    const { store, ...placement } = await getPlacement(installation.manager.control.pool, tenant.id);
    doors.push({
      mode: isolation,
      database: store.database,
      schema: store.schema,
      login: store.runtimeLogin,
      migrator: store.migratorLogin,
      owner: store.ownerRole,
      password: installation.vault.open(tenant.id, 'runtime-login', placement.runtimeCredential ?? ''),
      migratorPassword: installation.vault.open(tenant.id, 'migrator-login', placement.migratorCredential ?? ''),
    });
  }
});
afterAll(() => installation.remove());

/** Runs statements as a login of a tenant, each in its own right; answers the SQLSTATE of the last one, or `ok`. */
async function attempt(
  door: Door,
  statements: string[],
  where: { database?: string; options?: string; migrator?: boolean } = {},
): Promise<string> {
  const settings = connectionSettings({
    ...adminSettings(),
    database: where.database ?? door.database,
    user: where.migrator ? door.migrator : door.login,
    password: where.migrator ? door.migratorPassword : door.password,
  });
  const client = new pg.Client({ connectionString: toDatabaseUrl(settings), options: where.options });
  client.on('error', () => {});
  try {
    await client.connect();
    for (const statement of statements) await client.query(statement);
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.end().catch(() => {});
  }
}

test('each login works in its own books, by name and by default', async () => {
  for (const door of doors)
    expect(
      await attempt(door, ['select * from organization', `select * from "${door.schema}".organization`]),
      door.mode,
    ).toBe('ok');
});

test('T-10, T-13: all pairs — a login of one tenant meets 42501 at every other, in both modes and mixed', async () => {
  const { names, prepared } = installation;
  const seen: string[] = [];
  for (const a of doors) {
    for (const b of doors.filter((other) => other.login !== a.login)) {
      for (const migrator of [false, true]) {
        const pair = `${a.mode} ${migrator ? 'migrator' : 'login'} at ${b.mode}`;
        const sameDatabase = a.database === b.database;
        if (!sameDatabase)
          expect(await attempt(a, ['select 1'], { database: b.database, migrator }), pair).toBe('42501');
        else {
          expect(await attempt(a, [`select * from "${b.schema}".organization`], { migrator }), pair).toBe('42501');
          expect(await attempt(a, [`delete from "${b.schema}".balance`], { migrator }), pair).toBe('42501');
          expect(await attempt(a, [`create table "${b.schema}".x ()`], { migrator }), pair).toBe('42501');
          expect(await attempt(a, [`drop schema "${b.schema}" cascade`], { migrator }), pair).toBe('42501');
        }
        for (const role of [b.login, b.migrator, b.owner])
          expect(await attempt(a, [`set role "${role}"`], { migrator }), pair).toBe('42501');
        seen.push(pair);
      }
    }
    for (const database of [names.controlDatabase, prepared.templateDatabase, 'postgres', 'template1'])
      expect(['42501', '55000'], database).toContain(await attempt(a, ['select 1'], { database }));
    if (a.mode === 'database') expect(await attempt(a, ['select 1'], { database: names.sharedDatabase })).toBe('42501');
  }
  expect(seen).toHaveLength(24);
});

test('X-12, X-13: a planted search_path shows nothing: 42P01 for plain names, never a row', async () => {
  for (const a of doors)
    for (const b of doors.filter((other) => other.login !== a.login)) {
      const plain = 'select * from organization';
      expect(await attempt(a, [`set search_path = "${b.schema === 'ledger' ? 'nowhere' : b.schema}"`, plain])).toBe(
        '42P01',
      );
      if (b.schema !== 'ledger')
        expect(await attempt(a, [plain], { options: `-c search_path=${b.schema}` })).toBe('42P01');
      // A login may change its own settings; that harms itself alone.
      expect(await attempt(a, [`set search_path = public, pg_catalog`, plain])).toBe('42P01');
    }
});

describe('X-14: no way out of the store', () => {
  test.each([
    ['create extension dblink', '42501'],
    ['create extension pg_trgm', '42501'],
    [`copy (select 1) to program 'cat'`, '42501'],
    [`copy (select 1) to '/tmp/x'`, '42501'],
    [`select pg_read_file('/etc/passwd')`, '42501'],
    [`select pg_ls_dir('.')`, '42501'],
    ['create temp table x ()', '42501'],
    ['create table x ()', '42501'],
    ['create schema x', '42501'],
    ['create function x() returns int language sql as $$ select 1 $$', '42501'],
    ['alter table organization add column x int', '42501'],
    ['drop table organization', '42501'],
    ['truncate organization', '42501'],
    ['delete from operation', '42501'],
    ['create role x', '42501'],
    ['create database x', '42501'],
    ['alter role current_user superuser', '42501'],
    ['alter role current_user createdb', '42501'],
    ['alter role current_user bypassrls', '42501'],
    ['set session authorization postgres', '42501'],
    ['set role cofferdam_template_owner', '42501'],
    ['select lo_create(0)', '42501'],
    ['create publication x', '42501'],
    ['create server x foreign data wrapper y', '42704'],
    ['alter system set work_mem = 1', '42501'],
  ])('%s', async (statement, code) => {
    for (const door of doors.slice(0, 2)) expect(await attempt(door, [statement]), door.mode).toBe(code);
  });
});

test('a run-time login sees no statement of another session', async () => {
  for (const door of doors.slice(0, 2)) {
    const statement = `select count(*) from pg_stat_activity where usename <> current_user and query not in ('', '<insufficient privilege>')`;
    expect(await attempt(door, [`do $$ begin assert (${statement}) = 0; end $$`])).toBe('ok');
  }
});

test('the probes see what is opened by hand', async () => {
  const { manager, names, prepared } = installation;
  const [a, b, c, d] = doors as [Door, Door, Door, Door];
  const tenant = await manager.control.pool.query('select tenant_id from placement where runtime_login = $1', [
    b.login,
  ]);
  const id = tenant.rows[0].tenant_id;
  const placement = await getPlacement(manager.control.pool, id);
  const neighbours = await listNeighbours(manager.control.pool, id, 'default');
  const subject = { server: openServer(), names, placement, templateDatabase: prepared.templateDatabase };
  try {
    expect(await clusterFindings(subject, neighbours)).toEqual([]);
    await asAdmin((admin) =>
      admin.query(`grant connect on database "${a.database}" to "${b.login}"; grant "${a.owner}" to "${b.login}";
                   alter role "${b.login}" createdb connection limit -1`),
    );
    await asAdmin(
      (admin) =>
        admin.query(
          `grant usage on schema "${d.schema}" to "${b.login}"; grant usage on schema "${b.schema}" to "${d.login}"`,
        ),
      names.sharedDatabase,
    );
    expect(await clusterFindings(subject, neighbours)).toEqual(
      expect.arrayContaining([
        `${b.login} may connect to database ${a.database}`,
        `${b.login} is a member of ${a.owner}`,
        `${b.login} has an attribute beyond LOGIN`,
        `${b.login} has no connection limit`,
      ]),
    );
    const store = await asAdmin(
      (admin) => storeFindings(admin as never, placement.store, neighbours),
      names.sharedDatabase,
    );
    expect(store).toEqual(
      expect.arrayContaining([
        `${b.login} has rights on schema ${d.schema}`,
        `the neighbour ${d.login} has rights on schema ${b.schema}`,
      ]),
    );
    expect(c.mode).toBe('database');
  } finally {
    await asAdmin((admin) =>
      admin.query(`revoke connect on database "${a.database}" from "${b.login}"; revoke "${a.owner}" from "${b.login}";
                   alter role "${b.login}" nocreatedb connection limit 100`),
    );
    await asAdmin(
      (admin) =>
        admin.query(
          `revoke usage on schema "${d.schema}" from "${b.login}"; revoke usage on schema "${b.schema}" from "${d.login}"`,
        ),
      names.sharedDatabase,
    );
    await subject.server.cluster.end();
  }

  function openServer() {
    return { cluster: new pg.Pool({ connectionString: toDatabaseUrl(adminSettings()), max: 1 }) } as never as {
      cluster: pg.Pool;
    } & Parameters<typeof clusterFindings>[0]['server'];
  }
});

test('credentials cannot be read in the control database', async () => {
  const { rows } = await installation.manager.control.pool.query<{ text: string }>(
    `select row_to_json(p)::text || row_to_json(s)::text as text from placement p join provisioning s using (tenant_id)`,
  );
  const dump = rows.map(({ text }) => text).join('\n');
  for (const { password, migratorPassword } of doors) {
    expect(dump).not.toContain(password);
    expect(dump).not.toContain(migratorPassword);
  }
  expect(rows).toHaveLength(4);
});
