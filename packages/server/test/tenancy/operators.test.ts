import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantRoutes } from '../../src/tenancy/routes/index.js';
import type { TenantManager } from '../../src/tenancy/tenant-manager.js';
import { asAdmin } from '../support/admin.js';
import { run } from '../support/program.js';
import { type Reply, startTestServer, type TestServer, type TestTenant } from '../support/server.js';

let server: TestServer;
let twin: TestServer;
let tenant: TestTenant;
let keys: { alice: string; rita: string };

beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
  [twin, tenant] = await Promise.all([server.twin(), server.createTenant()]);
  keys = { alice: await add('alice', 'operate'), rita: await add('rita', 'read-only') };
});
afterAll(async () => {
  await twin.stop();
  await server.stop();
});

async function add(name: string, role: string): Promise<string> {
  const { status, body, headers } = await server.operate('POST', '/v1/operators', { body: { name, role } });
  expect({ status, name: body.name, role: body.role }).toEqual({ status: 201, name, role });
  expect(headers.get('cache-control')).toContain('no-store');
  return body.apiKey;
}
const as = (key: string, method: string, path: string, body?: object, at = server): Promise<Reply> =>
  at.operate(method, path, { ...(body && { body }), headers: { 'x-api-key': key, 'x-operator': 'somebody-else' } });
const audit = async (query: string) => (await server.operate('GET', `/v1/audit?limit=100&${query}`)).body.items;

test('the audit names the operator by the key, whatever else the request says', async () => {
  expect(await as(keys.alice, 'PUT', `/v1/tenants/${tenant.id}/suspend`)).toMatchObject({ status: 200 });
  expect(await as(keys.alice, 'PUT', `/v1/tenants/${tenant.id}/reactivate`)).toMatchObject({ status: 200 });
  const rows = await audit(`tenantId=${tenant.id}&actor=operator:alice`);
  expect(rows.map(({ action }: { action: string }) => action)).toEqual(['tenant.reactivate', 'tenant.suspend']);
  expect(JSON.stringify(await audit(`tenantId=${tenant.id}`))).not.toContain('somebody-else');
  expect(await audit('action=operator.add')).toMatchObject([
    { actor: 'operator', details: { name: 'rita', role: 'read-only' } },
    { actor: 'operator', details: { name: 'alice', role: 'operate' } },
  ]);
});

test('X-32: by every route, a read-only key changes nothing and sees no credential; no key of a person makes another', async () => {
  const routes = tenantRoutes({} as TenantManager);
  expect(routes.length).toBeGreaterThan(30);
  const before = await controlDigest();
  for (const { method, url } of routes) {
    const path = url
      .replace(/:tenant_id/, tenant.id)
      .replace(/:service/, 'ledger')
      .replace(/:\w+/g, 'alice');
    const { status, body } = await as(
      keys.rita,
      method,
      path,
      method === 'GET' || method === 'DELETE' ? undefined : {},
    );
    const isOpen = method === 'GET' && !url.endsWith('/connections');
    if (isOpen) expect([200, 404], `${method} ${url}`).toContain(status);
    else expect({ status, code: body.code }, `${method} ${url}`).toEqual({ status: 403, code: 'TEN-0012' });
  }
  expect(await controlDigest()).toEqual(before);
  expect((await audit('actor=operator:rita')).every((row: { outcome: string }) => row.outcome === 'refused')).toBe(
    true,
  );

  for (const [method, path] of [
    ['POST', '/v1/operators'],
    ['DELETE', '/v1/operators/rita'],
  ] as const) {
    const body = method === 'POST' ? { name: 'mallory', role: 'operate' } : undefined;
    expect(await as(keys.alice, method, path, body)).toMatchObject({ status: 403, body: { code: 'TEN-0012' } });
  }
});

test('X-32: what is no key opens nothing: a product’s token, a hash from the table, a name, another case, a list of keys', async () => {
  const [hash] = await asAdmin(
    async (admin) => (await admin.query(`select encode(key_hash, 'hex') as hash from control.operator_key`)).rows,
    server.names.controlDatabase,
  );
  for (const key of [
    await tenant.token(),
    hash.hash,
    'alice',
    keys.alice.toUpperCase(),
    keys.alice.slice(0, -1),
    `${keys.alice},${keys.rita}`,
    `${keys.alice} `.repeat(9),
    "' or true --",
  ])
    expect(await as(key, 'GET', '/v1/tenants')).toMatchObject({ status: 401, body: { code: 'TEN-0011' } });
  const token = await tenant.token();
  expect(await server.call('GET', '/v1/organizations', { token: keys.alice })).toMatchObject({ status: 401 });
  expect((await server.access('GET', '/v1/users', { token: keys.alice })).status).toBe(401);
  expect((await server.call('GET', '/v1/organizations', { token })).status).toBe(200);
});

test('a key is hashed at rest, shown once, and refused by every process within 2 s of its revocation', async () => {
  const key = await add('bob', 'operate');
  const rows = await asAdmin(
    async (admin) => (await admin.query('select row_to_json(k)::text as row from control.operator_key k')).rows,
    server.names.controlDatabase,
  );
  const { text } = await as(keys.rita, 'GET', '/v1/operators');
  for (const where of [JSON.stringify(rows), text])
    for (const secret of [key, keys.alice]) expect(where).not.toContain(secret);
  for (const at of [server, twin]) expect((await as(key, 'GET', '/v1/tenants', undefined, at)).status).toBe(200);
  expect((await server.operate('DELETE', '/v1/operators/bob')).status).toBe(200);
  // At the very next request.
  for (const at of [twin, server])
    expect(await as(key, 'GET', '/v1/tenants', undefined, at)).toMatchObject({
      status: 401,
      body: { code: 'TEN-0011' },
    });
  expect(await server.operate('DELETE', '/v1/operators/bob')).toMatchObject({
    status: 404,
    body: { code: 'TEN-0141' },
  });

  // The name is free again; the old key stays revoked.
  expect(await add('bob', 'read-only')).not.toBe(key);
  expect((await as(key, 'GET', '/v1/tenants')).status).toBe(401);
  const { items } = (await server.operate('GET', '/v1/operators')).body;
  expect(
    items.map(({ name, revokedAt }: Record<string, string>) => `${name} ${revokedAt ? 'revoked' : 'live'}`),
  ).toEqual(['alice live', 'bob live', 'rita live', 'bob revoked']);
});

test('bad input changes nothing', async () => {
  for (const body of [
    {},
    { name: 'carl' },
    { name: 'carl', role: 'admin' },
    { name: 'Carl', role: 'operate' },
    { name: 'c'.repeat(64), role: 'operate' },
    { name: "x'; drop table operator_key; --", role: 'operate' },
    { name: 'carl', role: 'operate', key: 'chosen' },
  ])
    expect((await server.operate('POST', '/v1/operators', { body })).status).toBe(400);
  const again = await server.operate('POST', '/v1/operators', { body: { name: 'alice', role: 'operate' } });
  expect(again).toMatchObject({ status: 409, body: { code: 'TEN-0140' } });
});

test('the command line adds, lists and revokes, and works with a key of its own', async () => {
  const command = async (key: string, ...args: string[]) =>
    run([...args, '--url', server.running.urls.tenants], { environment: { TENANT_MANAGER_API_KEY: key } });
  const made = await command(server.apiKey, 'operators', 'add', 'dora', '--role', 'read-only', '--json');
  expect(made.code, made.stderr).toBe(0);
  const { apiKey: key } = JSON.parse(made.stdout);
  const [list, refused] = await Promise.all([
    command(key, 'operators', 'list'),
    command(key, 'tenants', 'suspend', tenant.id),
  ]);
  expect(list.stdout).toMatch(/dora .*read-only/);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('read-only') });
  expect((await command(server.apiKey, 'operators', 'revoke', 'dora')).stdout).toMatch(/dora/);
  expect((await as(key, 'GET', '/v1/tenants')).status).toBe(401);
}, 180_000);

/** Every row of the control database but the audit's. */
async function controlDigest(): Promise<string> {
  return asAdmin(async (admin) => {
    const { rows: tables } = await admin.query(
      `select relname as name from pg_class where relnamespace = 'control'::regnamespace and relkind = 'r' and relname <> 'audit' order by 1`,
    );
    const parts = tables.map(
      ({ name }) => `select string_agg(r::text, '' order by r::text) as rows from control."${name}" r`,
    );
    return JSON.stringify((await admin.query(parts.join(' union all '))).rows);
  }, server.names.controlDatabase);
}
