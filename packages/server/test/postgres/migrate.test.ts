import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { quoteIdentifier } from '../../src/postgres/identifiers.js';
import { migrate, pendingMigrations } from '../../src/postgres/migrate.js';
import type { Migration } from '../../src/postgres/migration.js';
import { openClient } from '../../src/postgres/pool.js';
import { asAdmin, createScratchDatabase, dropRole, randomPrefix, type ScratchDatabase } from '../support/cluster.js';

const migrations: Migration[] = [
  { id: '0001_first', sql: 'create table first (id int); insert into first values (1)' },
  { id: '0002_second', sql: 'create table second (id int)' },
];

let scratch: ScratchDatabase;
let schema: string;
let count = 0;
const open: pg.Client[] = [];
beforeAll(async () => {
  scratch = await createScratchDatabase();
});
beforeEach(async () => {
  count += 1;
  schema = `s${count}`;
  await asAdmin((admin) => admin.query(`create schema ${schema}`), scratch.settings.database);
});
afterAll(async () => {
  await Promise.all(open.map((client) => client.end()));
  await scratch.drop();
});

async function connect(searchPath = [schema]): Promise<pg.Client> {
  const client = openClient(scratch.settings, { applicationName: 'migrate-test', searchPath });
  await client.connect();
  open.push(client);
  return client;
}

const here = () => ({ expect: { database: scratch.settings.database, schema } });

test('applies in order, once, and says what is pending', async () => {
  const client = await connect();
  expect(await pendingMigrations(client, migrations)).toEqual(['0001_first', '0002_second']);
  expect(await migrate(client, migrations.slice(0, 1), here())).toEqual(['0001_first']);
  expect(await pendingMigrations(client, migrations)).toEqual(['0002_second']);
  expect(await migrate(client, migrations, here())).toEqual(['0002_second']);
  expect(await migrate(client, migrations, here())).toEqual([]);
  expect((await client.query('select id from first')).rows).toEqual([{ id: 1 }]);
});

test('many starters at once: each migration runs once', async () => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect()));
  const applied = await Promise.all(clients.map((client) => migrate(client, migrations, here())));
  expect(applied.flat().sort()).toEqual(['0001_first', '0002_second']);
  expect((await clients[0]?.query('select id from first'))?.rows).toEqual([{ id: 1 }]);
});

test('a failing migration leaves no trace and names its error', async () => {
  const client = await connect();
  const broken = { id: '0002_broken', sql: 'create table half (id int); select no_such_function()' };
  await expect(migrate(client, [...migrations.slice(0, 1), broken], here())).rejects.toMatchObject({ code: '42883' });
  expect((await client.query(`select to_regclass('half') as half`)).rows).toEqual([{ half: null }]);
  expect(await migrate(client, migrations, here())).toEqual(['0002_second']);
});

test('refuses the wrong database or schema, a migration that leaves the schema, and a newer store', async () => {
  const client = await connect();
  const elsewhere = { expect: { database: scratch.settings.database, schema: 'another' } };
  await expect(migrate(client, migrations, elsewhere)).rejects.toThrow(`met ${scratch.settings.database}.${schema}`);
  const noSchema = await connect(['nowhere']);
  await expect(migrate(noSchema, migrations, here())).rejects.toThrow('(no schema)');
  const straying = { id: '0001_straying', sql: 'create schema strayed; set local search_path = strayed' };
  await expect(migrate(client, [straying], here())).rejects.toThrow('strayed instead');
  expect((await client.query(`select from pg_namespace where nspname = 'strayed'`)).rowCount).toBe(0);
  await migrate(client, migrations, here());
  await expect(migrate(client, migrations.slice(0, 1), here())).rejects.toThrow('0002_second');
});

test('objects belong to the role asked for', async () => {
  const owner = randomPrefix();
  await asAdmin(
    (admin) =>
      admin.query(`create role ${quoteIdentifier(owner)}; alter schema ${schema} owner to ${quoteIdentifier(owner)}`),
    scratch.settings.database,
  );
  const client = await connect();
  await migrate(client, migrations, { ...here(), asRole: owner });
  const { rows } = await client.query<{ tableowner: string }>(
    'select distinct tableowner from pg_tables where schemaname = $1',
    [schema],
  );
  expect(rows).toEqual([{ tableowner: owner }]);
  expect((await client.query('select current_user = session_user as self')).rows).toEqual([{ self: true }]);
  await asAdmin((admin) => admin.query(`drop owned by ${quoteIdentifier(owner)} cascade`), scratch.settings.database);
  await dropRole(owner);
});
