import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { physicalName } from '../../src/tenancy/physical-names.js';
import { addressShortcomings } from '../../src/tenancy/servers/probe-server.js';
import { createBooks } from '../isolation/support/books.js';
import { adminSettings } from '../support/cluster.js';
import { type SecondCluster, startSecondCluster } from '../support/second-cluster.js';
import { ownerPassword, startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let second: SecondCluster;
beforeAll(async () => {
  [server, second] = await Promise.all([
    startTestServer({ MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' }),
    startSecondCluster(),
  ]);
  // An administrator that is no superuser is enough.
  await second.query(`create role dba login createrole createdb password 'dba-password'`);
});
afterAll(async () => {
  await server.stop();
  await second.stop();
});

const login = () => ({
  host: second.admin.host,
  port: second.admin.port,
  database: 'postgres',
  user: 'dba',
  password: 'dba-password',
});
async function make(more: object) {
  const answer = await server.operate('POST', '/v1/tenants', {
    body: {
      name: `T ${crypto.randomUUID()}`,
      owner: { email: 'owner@example.com', password: ownerPassword },
      application: { name: 'test', role: 'editor' },
      ...more,
    },
  });
  if (answer.status === 201) server.removeAtEnd(answer.body.id);
  return answer;
}
async function clientOf({ application }: { application: { clientId: string; clientSecret: string } }) {
  const { clientId, clientSecret } = application;
  const body = { grantType: 'client_credentials', clientId, clientSecret };
  const token = (await server.access('POST', '/v1/login/oauth/access_token', { body })).body.accessToken;
  return (method: string, path: string, sent?: unknown) => server.call(method, path, { token, body: sent });
}
async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await done()); ) {
    if (Date.now() > deadline) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const rolesOf = async (id: string) => {
  const { rows } = await second.query('select rolname from pg_roles where starts_with(rolname, $1) order by 1', [
    physicalName(id as TenantId),
  ]);
  return rows.map(({ rolname }) => rolname);
};

test('a second server: added, chosen by label and by room, rotated and purged where the tenant is; drained, it takes no more', async () => {
  const added = await server.operate('POST', '/v1/servers', {
    body: { id: 'south', ...login(), capacity: 3, labels: { region: 'south' } },
  });
  expect(added, added.text).toMatchObject({
    status: 201,
    body: { id: 'south', state: 'open', capacity: 3, tenants: 0, labels: { region: 'south' } },
  });
  expect(added.text).not.toContain('dba-password');

  const south = { placement: { labels: { region: 'south' } } };
  const made = [await make({ ...south, isolation: 'database' }), await make({ ...south, isolation: 'schema' })];
  for (const { status, body, text } of made) {
    expect({ status, tenant: body.status }, text).toEqual({ status: 201, tenant: 'active' });
    expect(await rolesOf(body.id)).toHaveLength(3);
    const books = await createBooks(await clientOf(body));
    expect(books.ids.transaction).toBeDefined();
    const connections = await server.operate('GET', `/v1/tenants/${body.id}/associations/ledger/connections`);
    expect(connections.body.databases.onboarding.postgresql.port).toBe(second.admin.port);
  }
  // The least full of all: one without bound counts to a thousand, so the first server.
  const anywhere = await make({});
  expect(await rolesOf(anywhere.body.id)).toEqual([]);

  const [first, other] = made.map(({ body }) => body);
  // After a promotion or a move: the same server at another address, and no other server.
  const move = (host: string, port: number) =>
    server.operate('PATCH', '/v1/servers/south', { body: { address: { host, port } } });
  expect((await move(adminSettings().host, adminSettings().port)).body.message).toMatch(
    /cannot be used|another server/,
  );
  expect(await move('127.0.0.1', second.admin.port)).toMatchObject({
    status: 200,
    body: { host: '127.0.0.1', port: second.admin.port },
  });
  const rotation = await server.operate('POST', `/v1/tenants/${first.id}/credentials/rotate`, {
    body: { overlapSeconds: 1 },
  });
  await until(
    async () => (await server.operate('GET', rotation.headers.get('location') ?? '')).body.state === 'succeeded',
  );
  expect(await rolesOf(first.id)).toContain(`${physicalName(first.id)}_b`);
  expect((await (await clientOf(first))('GET', '/v1/organizations')).body.items).toHaveLength(1);

  expect((await server.operate('PATCH', '/v1/servers/south', { body: { capacity: 2 } })).body.capacity).toBe(2);
  expect(await make({ placement: { server: 'south' } })).toMatchObject({ status: 409, body: { code: 'TEN-0134' } });
  await server.operate('PATCH', '/v1/servers/south', { body: { capacity: null } });
  expect(await server.operate('PUT', '/v1/servers/south/drain')).toMatchObject({
    body: { state: 'draining', tenants: 2 },
  });
  expect(await make(south)).toMatchObject({ status: 409, body: { code: 'TEN-0134' } });
  expect((await (await clientOf(other))('GET', '/v1/organizations')).status).toBe(200);
  expect(await server.operate('DELETE', '/v1/servers/south')).toMatchObject({
    status: 409,
    body: { code: 'TEN-0133' },
  });

  for (const { id } of [first, other]) {
    await server.operate('PUT', `/v1/tenants/${id}/suspend`);
    await server.operate('DELETE', `/v1/tenants/${id}`);
    await until(async () => (await server.operate('GET', `/v1/tenants/${id}`)).body.status === 'deleted');
    expect(await rolesOf(id)).toEqual([]);
  }
  const { body } = await server.operate('GET', '/v1/servers');
  expect(body.items.map(({ id, tenants }: { id: string; tenants: number }) => [id, tenants])).toEqual([
    ['default', 1],
    ['south', 0],
  ]);
}, 240_000);

test('servers that cannot hold tenants are refused, with the reason', async () => {
  const add = (more: object) => server.operate('POST', '/v1/servers', { body: { id: 'unfit', ...login(), ...more } });
  const refused = async (more: object, reason: RegExp) => {
    const answer = await add(more);
    expect(answer, answer.text).toMatchObject({ status: 422, body: { code: 'TEN-0132' } });
    expect(answer.body.message).toMatch(reason);
    expect(answer.text).not.toMatch(/dba-password|wrong-password/);
  };
  await refused({ password: 'wrong-password' }, /password authentication failed/);
  await refused({ port: 1 }, /cannot be used/);
  await second.query(`create role weak login password 'weak-password'`);
  await refused({ user: 'weak', password: 'weak-password' }, /connect|CREATEROLE/);
  await refused({}, /is the server south by another address/);
  const { host, port, user, password, database } = adminSettings();
  await refused({ host, port, user, password, database }, /is the server default by another address/);
  // A replica is reached by tenants' logins, and administered when it was promoted: it must stream from this server.
  const replicas = [{ host, port }];
  const stranger = await server.operate('PATCH', '/v1/servers/south', { body: { replicas } });
  expect(stranger.status, stranger.text).toBe(422);
  expect((await server.operate('GET', '/v1/servers/south')).body.replicas).toEqual([]);
  for (const body of [
    { id: 'South', ...login() },
    { id: 'x', ...login(), labels: { 'a b': 'c' } },
    { id: 'x', ...login(), labels: { a: 1 } },
    { id: 'x', ...login(), capacity: -1 },
    { id: 'x', ...login(), replicas: [{ port: 1 }] },
    { id: 'x', host: '-; drop', user: 'a', database: 'b', password: 'c' },
  ])
    expect((await server.operate('POST', '/v1/servers', { body })).status, JSON.stringify(body)).toBe(400);
  expect(await server.operate('GET', '/v1/servers/nowhere')).toMatchObject({ status: 404, body: { code: 'TEN-0130' } });
  expect((await server.operate('PUT', '/v1/servers/nowhere/drain')).status).toBe(404);
});

test('a database of the operator’s own: probed, used without superuser, and left when the tenant is purged', async () => {
  await second.query(`create role customer login createrole password 'customer-password'`);
  await second.query('create database customer_books owner customer');
  const database = { ...login(), database: 'customer_books', user: 'customer', password: 'customer-password' };
  const refused = async (given: object, reason: RegExp) => {
    const answer = await make({ database: { ...database, ...given } });
    expect(answer, answer.text).toMatchObject({ status: 422, body: { code: 'TEN-0135' } });
    expect(answer.body.message).toMatch(reason);
  };
  await refused({ user: 'dba', password: 'dba-password' }, /does not own it/);
  await second.query('create database latin owner customer encoding latin1 template template0 locale "C"');
  await refused({ database: 'latin' }, /LATIN1/);
  await second.query('create table x ()', [], 'customer_books');
  await refused({}, /not empty: x/);
  await second.query('drop table x', [], 'customer_books');
  await refused({ host: '127.0.0.1', port: 1 }, /ECONNREFUSED/);
  await second.query('create database pattern owner customer is_template true');
  await refused({ database: 'pattern' }, /is a template of its server/);
  expect((await make({ database, isolation: 'schema' })).status).toBe(400);
  expect((await make({ database, adopt: true })).status).toBe(400);

  const made = await make({ database });
  expect({ status: made.status, tenant: made.body.status }, made.text).toEqual({ status: 201, tenant: 'active' });
  expect(made.text).not.toContain('customer-password');
  const client = await clientOf(made.body);
  const books = await createBooks(client);
  expect((await client('GET', `${books.path}/transactions`)).body.items.length).toBeGreaterThan(0);
  await refused({}, /belongs to this installation already/);

  const { id } = made.body;
  // The customer changes the password of the login that was given, and the way to it.
  const update = (body: object) => server.operate('PATCH', `/v1/servers/given-${id}`, { body });
  await second.query(`alter role customer password 'changed-password'`);
  expect((await update({ password: 'wrong-password' })).status).toBe(422);
  for (const bad of [{ capacity: 5 }, { labels: { a: 'b' } }, { replicas: [{ host: '127.0.0.1', port: 1 }] }])
    expect((await update(bad)).status, JSON.stringify(bad)).toBe(400);
  expect((await server.operate('PUT', `/v1/servers/given-${id}/reopen`)).status).toBe(400);
  const address = { host: '127.0.0.1', port: second.admin.port };
  const updated = await update({ password: 'changed-password', address });
  expect({ status: updated.status, host: updated.body.host }, updated.text).toEqual({ status: 200, host: '127.0.0.1' });
  const rotation = await server.operate('POST', `/v1/tenants/${id}/credentials/rotate`, {
    body: { overlapSeconds: 1 },
  });
  await until(
    async () => (await server.operate('GET', rotation.headers.get('location') ?? '')).body.state === 'succeeded',
  );
  expect((await client('GET', '/v1/organizations')).body.items).toHaveLength(1);

  await server.operate('PUT', `/v1/tenants/${id}/suspend`);
  await server.operate('DELETE', `/v1/tenants/${id}`);
  await until(async () => (await server.operate('GET', `/v1/tenants/${id}`)).body.status === 'deleted');
  expect(await rolesOf(id)).toEqual([]);
  expect((await update({ password: 'changed-password' })).status).toBe(404);
  const { rows } = await second.query(
    `select nspname from pg_namespace where nspname = 'ledger'`,
    [],
    'customer_books',
  );
  expect(rows).toEqual([]);
}, 180_000);

test('X-43: outside a local environment no address of this machine or its link is taken, however it is written', async () => {
  const ssl = { rejectUnauthorized: true };
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '127.1',
    'localhost',
    '0.0.0.0',
    '::1',
    '::',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:7f00:0001',
    '169.254.169.254',
    '::ffff:a9fe:a9fe',
    'fe80::1',
    'FEBF::1',
  ])
    expect(await addressShortcomings({ host, ssl }, false), host).toEqual([
      `${host} is an address of this machine or its link`,
    ]);
  for (const host of ['10.0.0.5', '2001:db8::1', '::ffff:10.0.0.5', '128.0.0.1'])
    expect(await addressShortcomings({ host, ssl }, false), host).toEqual([]);
  expect(await addressShortcomings({ host: '10.0.0.5' }, false)).toEqual([expect.stringContaining('TLS is required')]);
});
