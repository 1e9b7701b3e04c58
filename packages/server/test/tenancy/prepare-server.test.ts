import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerMigrations } from '../../src/ledger/migrations/index.js';
import { toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { type InstallationNames, installationNames } from '../../src/postgres/installation.js';
import { openControlDatabase } from '../../src/tenancy/control-database.js';
import { type PreparedServer, prepareServer } from '../../src/tenancy/prepare-server.js';
import { recordServer } from '../../src/tenancy/servers/record-server.js';
import { templateVersion } from '../../src/tenancy/template-database.js';
import { adminSettings, asAdmin, randomPrefix } from '../support/cluster.js';
import { statementsOf } from '../support/statements.js';
import { prepareOptions, removeInstallation } from './support/installation.js';

const key = randomBytes(32);
let names: InstallationNames;
let prepared: PreparedServer;

beforeAll(async () => {
  names = installationNames(randomPrefix());
  prepared = await prepareServer(prepareOptions(names, key));
});
afterAll(() => removeInstallation(names, []));

test('nothing of ours is open to PUBLIC, and the template lets nobody in', async () => {
  const { rows } = await asAdmin((admin) =>
    admin.query(
      `select datname, has_database_privilege('public', oid, 'connect') as open,
              has_database_privilege('public', oid, 'temp') as temp, datistemplate, datallowconn
         from pg_database where datname = any ($1) or datname in ('postgres', 'template1')`,
      [[names.controlDatabase, names.sharedDatabase, prepared.templateDatabase]],
    ),
  );
  expect(rows).toHaveLength(5);
  expect(rows.filter(({ open, temp }) => open || temp)).toEqual([]);
  const template = rows.find(({ datname }) => datname === names.templateDatabase(templateVersion(ledgerMigrations)));
  expect(template).toMatchObject({ datistemplate: true, datallowconn: false });
  expect(prepared.warnings).toEqual([]);
});

test('a second start has nothing to do and is fast', async () => {
  let again = prepared;
  const statements = await statementsOf(async () => {
    again = await prepareServer(prepareOptions(names, key));
  });
  expect(statements).toBeLessThan(5);
  expect(again.ledgerReader.password).toBe(prepared.ledgerReader.password);
});

test('several starters at once agree', async () => {
  const other = installationNames(randomPrefix());
  try {
    const all = await Promise.all(Array.from({ length: 4 }, () => prepareServer(prepareOptions(other, key))));
    expect(new Set(all.map(({ templateDatabase }) => templateDatabase)).size).toBe(1);
  } finally {
    await removeInstallation(other, []);
  }
});

test('a database of ours that was opened to PUBLIC is closed again', async () => {
  await asAdmin((admin) => admin.query(`grant connect on database "${names.sharedDatabase}" to public`));
  await prepareServer(prepareOptions(names, key));
  const { rows } = await asAdmin((admin) =>
    admin.query(`select has_database_privilege('public', $1, 'connect') as open`, [names.sharedDatabase]),
  );
  expect(rows).toEqual([{ open: false }]);
});

test('another encryption key gives the readers other passwords', async () => {
  const other = await prepareServer(prepareOptions(names, randomBytes(32)));
  await expect(connectAndRun(toDatabaseUrl(prepared.ledgerReader), 'select 1')).rejects.toMatchObject({
    code: '28P01',
  });
  await connectAndRun(toDatabaseUrl(other.ledgerReader), 'select counter from feed');
  prepared = await prepareServer(prepareOptions(names, key));
});

test.each([
  ['ledgerReader', 'ledger_tenant', ['access_tenant', 'tenant', 'placement', 'provisioning', 'audit', 'server']],
  ['accessReader', 'access_tenant', ['ledger_tenant', 'tenant', 'placement', 'provisioning', 'audit', 'server']],
] as const)('%s reads %s and nothing else', async (reader, view, closed) => {
  const url = toDatabaseUrl(prepared[reader]);
  await connectAndRun(url, `select * from ${view}`);
  await connectAndRun(url, 'select counter from feed');
  for (const table of closed)
    await expect(connectAndRun(url, `select * from ${table}`), table).rejects.toMatchObject({ code: '42501' });
  for (const change of [
    'delete from feed',
    'update feed set counter = 0',
    'create table x ()',
    'create temp table x ()',
  ])
    await expect(connectAndRun(url, change), change).rejects.toMatchObject({ code: '42501' });
  for (const database of [names.sharedDatabase, 'postgres', 'template1'])
    await expect(
      connectAndRun(toDatabaseUrl({ ...prepared[reader], database }), 'select 1'),
      database,
    ).rejects.toMatchObject({ code: '42501' });
});

test('a server that came back on another port is a new version, once', async () => {
  const control = openControlDatabase(prepared.control, { now: () => new Date(), onError() {} });
  const counter = async () => (await control.pool.query('select counter from change_feed')).rows[0].counter;
  const { port, ...rest } = adminSettings();
  const moved = { id: 'default', settings: { ...rest, port: port - 1 }, now: () => new Date() };
  try {
    const before = await counter();
    const client = await control.pool.connect();
    await recordServer(client, moved);
    expect(await counter()).toBe(before + 1);
    await recordServer(client, moved);
    expect(await counter()).toBe(before + 1);
    client.release();
    const { rows } = await control.pool.query('select port, version from server');
    expect(rows).toEqual([{ port: port - 1, version: before + 1 }]);
  } finally {
    await control.close();
  }
});

async function connectAndRun(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end().catch(() => {});
  }
}
