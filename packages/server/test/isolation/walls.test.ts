import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin } from '../support/admin.js';
import { isWriting, pathOf, routeTable } from './support/route-table.js';
import { digest, openWorld, type Resident, underLogin, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const pairs = () =>
  world.residents.flatMap((a) => world.residents.filter((b) => b !== a).map((b) => [a, b] as [Resident, Resident]));

describe('X-12: an injected statement stays behind the wall of its own login', () => {
  test('what is injected into any text of the API is a text', async () => {
    const [a, , c] = world.residents as [Resident, Resident, Resident];
    for (const { client, books, store } of [a, c]) {
      const payloads = [
        `' or '1'='1`,
        `x' union select legal_name from "${c.store.schema}".organization --`,
        `'; drop table "${store.schema}".organization cascade; --`,
        `"; select pg_sleep(5); --`,
        `\\'; commit; --`,
        `$1) or true --`,
      ];
      const before = await digest(a);
      for (const payload of payloads) {
        const text = encodeURIComponent(payload);
        const queries = [
          `name=${text}`,
          `alias=${text}`,
          `status=${text}`,
          `type=${text}`,
          `asset_code=${text}`,
          `entity_id=${text}`,
          `sort_order=${text}`,
          `limit=${text}`,
          `page=${text}`,
          `portfolio_id=${text}`,
          `metadata.${text}=${text}`,
          `metadata.marker=${text}`,
          `start_date=${text}&end_date=${text}`,
          `sort_by=${text}`,
          `cursor=${text}`,
        ];
        for (const list of [
          `${books.path}/accounts`,
          `${books.path}/balances`,
          `${books.path}/transactions`,
          '/v1/organizations',
        ])
          for (const query of queries) {
            const { status, body } = await client('GET', `${list}?${query}`);
            expect(status, `${list}?${query}`).toBeLessThan(500);
            if (status === 200) expect(body.items.length, query).toBeLessThan(4);
          }
        const { status } = await client('GET', `${books.path}/accounts/alias/${text}`);
        expect([404, 400]).toContain(status);
      }
      expect(await digest(a)).toEqual(before);
    }
  });

  test('the same text in a body is kept and read back as it was sent', async () => {
    const { client, books } = world.residents[0] as Resident;
    const name = `Robert'); drop table account; -- " $1 \\ ;`;
    const created = await client('POST', `${books.path}/portfolios`, { name, metadata: { [`k'"; --`]: name } });
    expect(created.status).toBe(201);
    expect((await client('GET', `${books.path}/portfolios/${created.body.id}`)).body).toMatchObject({
      name,
      metadata: { [`k'"; --`]: name },
    });
  });

  test('statements under the login of one tenant that name another: 42501, never a row', async () => {
    for (const [a, b] of pairs()) {
      const pair = `${a.name} at ${b.name}`;
      if (a.store.database !== b.store.database) {
        expect(await underLogin(a, ['select 1'], { database: b.store.database }), pair).toBe('42501');
        // By name from its own database: PostgreSQL has no cross-database names at all.
        expect(await underLogin(a, [`select * from "${b.store.database}".ledger.organization`]), pair).toBe('0A000');
        continue;
      }
      const { schema } = b.store;
      for (const statement of [
        `select * from "${schema}".organization`,
        `select legal_name from organization union all select legal_name from "${schema}".organization`,
        `insert into "${schema}".organization select * from organization`,
        `update "${schema}".balance set available = 0`,
        `delete from "${schema}".operation`,
        `truncate "${schema}".balance`,
        `do $$ begin lock table "${schema}".balance; end $$`,
        `create table "${schema}".x ()`,
        `drop schema "${schema}" cascade`,
        `alter schema "${schema}" rename to stolen`,
        `grant usage on schema "${schema}" to public`,
      ])
        expect(await underLogin(a, [statement]), `${pair}: ${statement}`).toBe('42501');
    }
  });

  test('no login of a tenant enters control, access, shared, template, postgres or template1', async () => {
    const { names } = world.server;
    const templates = await asAdmin(async (admin) =>
      (
        await admin.query<{ datname: string }>(
          `select datname from pg_database where datistemplate or datname = 'postgres'`,
        )
      ).rows.map(({ datname }) => datname),
    );
    const closed = [names.controlDatabase, names.accessDatabase, names.sharedDatabase, ...templates];
    expect(closed.length).toBeGreaterThan(6);
    // 55000: the database takes no connections from anybody.
    for (const resident of world.residents)
      for (const database of closed.filter((name) => name !== resident.store.database))
        expect(['42501', '55000'], `${resident.name} at ${database}`).toContain(
          await underLogin(resident, ['select 1'], { database }),
        );
  });
});

describe('X-13: a search_path left over or planted', () => {
  test('plain names under a planted path: 42P01, never a row', async () => {
    for (const [a, b] of pairs()) {
      const { schema } = b.store;
      const planted = schema === a.store.schema ? 'nowhere' : schema;
      for (const path of [`"${planted}"`, `"${planted}", public`, 'public, pg_catalog', `''`])
        expect(
          await underLogin(a, [`set search_path = ${path}`, 'select * from organization']),
          `${a.name}: ${path}`,
        ).toBe('42P01');
      expect(await underLogin(a, ['select * from organization'], { searchPath: [planted] }), a.name).toBe('42P01');
    }
  });

  test('a login that changes its own settings harms itself alone', async () => {
    const [, , c, d] = world.residents as [Resident, Resident, Resident, Resident];
    try {
      expect(await underLogin(c, [`alter role current_user set search_path = "${d.store.schema}"`])).toEqual([]);
      expect(await underLogin(c, ['select * from organization'])).toBe('42P01');
      // The program names the path itself when it connects.
      expect((await c.client('GET', '/v1/organizations')).text).toContain(c.books.marker);
    } finally {
      await underLogin(c, [`alter role current_user set search_path = "${c.store.schema}"`]);
    }
  });
});

describe('X-14: no way out of the store', () => {
  test('the run-time logins have no membership, no attribute, no object of their own', async () => {
    const logins = world.residents.map(({ store }) => store.username);
    const found = await asAdmin(async (admin) => {
      const roles = await admin.query(
        `select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit > 0 as limited,
                (select count(*)::int from pg_auth_members where member = pg_roles.oid) as memberships
         from pg_roles where rolname = any($1) order by rolname`,
        [logins],
      );
      return roles.rows;
    });
    expect(found).toHaveLength(logins.length);
    for (const role of found)
      expect(role).toMatchObject({
        rolsuper: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        rolbypassrls: false,
        limited: true,
        memberships: 0,
      });
  });

  test('no store has a security-definer function, a foreign server or an extension beyond plpgsql', async () => {
    for (const { name, store } of world.residents)
      await asAdmin(async (admin) => {
        const definers = await admin.query(
          `select proname from pg_proc join pg_namespace n on n.oid = pronamespace where prosecdef and nspname not in ('pg_catalog', 'information_schema')`,
        );
        expect(definers.rows, name).toEqual([]);
        expect((await admin.query('select srvname from pg_foreign_server')).rows, name).toEqual([]);
        expect((await admin.query('select extname from pg_extension')).rows, name).toEqual([{ extname: 'plpgsql' }]);
        const owned = await admin.query(
          'select relname from pg_class where relowner = (select oid from pg_roles where rolname = $1)',
          [store.username],
        );
        expect(owned.rows, name).toEqual([]);
      }, store.database);
  });

  test('SET ROLE to any role of the installation is refused', async () => {
    const [a, b] = [world.residents[0], world.residents[2]] as [Resident, Resident];
    const { names } = world.server;
    const own = world.residents.flatMap(({ store }) => [
      store.username,
      `${store.username}_migrator`,
      `${store.username}_owner`,
    ]);
    const roles = await asAdmin(async (admin) => {
      const query = `select rolname from pg_roles where starts_with(rolname, $1) or rolname = any($2) or rolsuper or starts_with(rolname, 'pg_')`;
      const { rows } = await admin.query<{ rolname: string }>(query, [`${names.prefix}_`, own]);
      return rows.map(({ rolname }) => rolname);
    });
    expect(roles).toEqual(expect.arrayContaining(own));
    for (const resident of [a, b])
      for (const role of roles.filter((name) => name !== resident.store.username))
        expect(await underLogin(resident, [`set role "${role}"`]), `${resident.name} as ${role}`).toBe('42501');
  });

  test.each([
    'create extension dblink',
    'create extension postgres_fdw',
    'create server s foreign data wrapper postgres_fdw',
    `copy (select 1) to program 'id'`,
    `copy organization from '/etc/passwd'`,
    `select pg_read_file('/etc/passwd')`,
    `select pg_ls_dir('.')`,
    `select lo_import('/etc/passwd')`,
    'create temp table x ()',
    'create table x ()',
    'create schema x',
    'create function f() returns int language sql security definer as $$ select 1 $$',
    'alter role current_user superuser',
    'alter role current_user bypassrls',
    'set session authorization postgres',
    'create role x',
    'create database x',
    'create publication p for all tables',
    `select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user`,
    'alter system set work_mem = 1',
    `select * from pg_authid`,
    `select * from pg_shadow`,
    `select pg_reload_conf()`,
  ])('%s', async (statement) => {
    for (const at of [0, 2]) {
      const answer = await underLogin(world.residents[at] as Resident, [statement]);
      // A missing extension is refused before its rights are looked at.
      expect(['42501', '42704', '58P01', '0A000'], `${at}: ${String(answer)}`).toContain(
        Array.isArray(answer) && answer.length === 0 ? '42501' : answer,
      );
    }
  });
});

test('the books are untouched by all of this', async () => {
  for (const { client, books } of world.residents)
    for (const route of routeTable().filter((one) => !isWriting(one) && one.url.endsWith(':id')))
      expect((await client(route.method, pathOf(route, books.ids))).status).toBe(200);
});
