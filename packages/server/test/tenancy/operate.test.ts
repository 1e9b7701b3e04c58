import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createBooks } from '../isolation/support/books.js';
import { asAdmin } from '../support/admin.js';
import { runInProcess } from '../support/in-process.js';
import { temporaryDataFolder } from '../support/program.js';
import { type Reply, startTestServer, type TestServer, type TestTenant } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' });
});
afterAll(() => server.stop());

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await done()); ) {
    if (Date.now() > deadline) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
/** Asks until the change has come to this process. */
async function answered(ask: () => Promise<Reply>, status: number): Promise<Reply> {
  let latest = await ask();
  await until(async () => {
    latest = await ask();
    return latest.status === status;
  });
  return latest;
}

test.concurrent.for(['database', 'schema'] as const)(
  'the life of an association (%s): suspended, taken away and given back with its books, purged, given anew',
  { timeout: 180_000 },
  async (isolation, { expect }) => {
    const tenant = await server.createTenant({ isolation });
    const token = await tenant.token();
    const list = () => server.call('GET', '/v1/organizations', { token });
    const { marker } = await createBooks((method, path, body) => server.call(method, path, { token, body }));
    const base = `/v1/tenants/${tenant.id}/associations/ledger`;
    const act = (method: string, path = '', body?: object) => server.operate(method, base + path, body ? { body } : {});

    expect(await act('PUT', '/purge')).toMatchObject({
      status: 409,
      body: { code: 'TEN-0102', status: 'active', possible: ['suspend', 'disassociate'] },
    });
    expect(await act('DELETE')).toMatchObject({ status: 200, body: { status: 'disassociated' } });
    expect(await answered(list, 422)).toMatchObject({ body: { code: '0146' } });
    expect(await act('PUT', '/reactivate')).toMatchObject({ status: 409, body: { possible: ['associate', 'purge'] } });
    expect(await act('POST', '', {})).toMatchObject({ status: 201, body: { status: 'active' } });
    expect((await answered(list, 200)).text).toContain(marker);

    const timeout = { body: { statementTimeout: '7s' } };
    expect((await server.operate('PATCH', `${base}/connections`, timeout)).status).toBe(200);
    const timeoutOfLogin = async () => {
      const { body } = await server.operate('GET', `${base}/connections`);
      const { rows } = await asAdmin((admin) =>
        admin.query<{ config: string[] }>('select rolconfig as config from pg_roles where rolname = $1', [
          body.databases.onboarding.postgresql.username,
        ]),
      );
      return rows[0]?.config.find((setting) => setting.startsWith('statement_timeout'));
    };

    await act('PUT', '/suspend');
    expect(await answered(list, 403)).toMatchObject({ body: { code: '0159', reason: 'TENANT_SUSPENDED' } });
    expect(await act('PUT', '/purge')).toMatchObject({ status: 200, body: { status: 'purging' } });
    await until(async () => (await act('GET')).body.status === 'purged');
    expect(await answered(list, 403)).toMatchObject({ body: { reason: 'TENANT_PURGED' } });
    // New books for a tenant that is suspended would end its suspension.
    await server.operate('PUT', `/v1/tenants/${tenant.id}/suspend`);
    expect(await act('POST', '', {})).toMatchObject({ status: 409, body: { status: 'suspended' } });
    expect((await server.operate('GET', `/v1/tenants/${tenant.id}`)).body.status).toBe('suspended');
    await server.operate('PUT', `/v1/tenants/${tenant.id}/reactivate`);
    const other = isolation === 'database' ? 'schema' : 'database';
    for (const bad of [{ isolationMode: other }, { maxOpenConns: 0 }, { maxIdleConns: 51 }])
      expect((await act('POST', '', bad)).status, JSON.stringify(bad)).toBe(400);
    expect((await act('GET')).body.status).toBe('purged');
    const wanted = { isolationMode: isolation, maxOpenConns: 3 };
    expect(await act('POST', '', wanted)).toMatchObject({ status: 201, body: { status: 'active' } });
    expect((await answered(list, 200)).body.items).toEqual([]);
    // What was set for the tenant is set for its new logins.
    expect(await timeoutOfLogin()).toBe('statement_timeout=7000');
    expect((await act('GET', '/connections')).body.connectionSettings).toMatchObject({ maxOpenConns: 3 });
    const { body } = await server.operate('GET', `/v1/operations?tenantId=${tenant.id}`);
    expect(body.items.map(({ kind, state }: Record<string, string>) => `${kind} ${state}`)).toEqual([
      'tenant.provision succeeded',
      'association.purge succeeded',
      'tenant.provision succeeded',
    ]);
  },
);

test('connection settings take effect without a failed request; bad ones change nothing', async () => {
  const tenant = await server.createTenant();
  const token = await tenant.token();
  const path = `/v1/tenants/${tenant.id}/associations/ledger/connections`;
  expect((await server.call('GET', '/v1/organizations', { token })).status).toBe(200);
  const settings = { maxOpenConns: 3, maxIdleConns: 1, statementTimeout: '2s', readFrom: 'replica' };
  const shown = { ...settings, statementTimeout: '2000ms' };
  expect((await server.operate('PATCH', path, { body: settings })).body).toEqual({ connectionSettings: shown });
  for (const bad of [
    { maxOpenConns: 0 },
    { maxOpenConns: 201 },
    { maxIdleConns: 51 },
    { statementTimeout: 'soon' },
    { statementTimeout: '2h' },
    { readFrom: 'anywhere' },
    { statementTimeout: '1; drop role x' },
  ])
    expect((await server.operate('PATCH', path, { body: bad })).status, JSON.stringify(bad)).toBe(400);
  expect((await server.operate('GET', path)).body.connectionSettings).toEqual(shown);
  for (let count = 0; count < 20; count += 1)
    expect((await server.call('GET', '/v1/organizations', { token })).status).toBe(200);
  // What each process may have, several may have at the same time: the login is let in as often.
  const limit = async () => {
    const { rows } = await asAdmin((admin) =>
      admin.query('select rolconnlimit as connections from pg_roles where rolname = $1', [`t_${tenant.id}`]),
    );
    return rows[0]?.connections;
  };
  expect(await limit()).toBe(100);
  expect((await server.operate('PATCH', path, { body: { maxOpenConns: 60 } })).status).toBe(200);
  expect(await limit()).toBe(240);
  const { body } = await server.operate('PATCH', path, {
    body: { maxOpenConns: null, maxIdleConns: null, statementTimeout: null, readFrom: null },
  });
  expect(body).toEqual({ connectionSettings: {} });
  expect(await limit()).toBe(100);
});

test('name and metadata change, nothing else does', async () => {
  const tenant = await server.createTenant();
  const path = `/v1/tenants/${tenant.id}`;
  const change = (body: object) => server.operate('PATCH', path, { body });
  expect(await change({ name: 'New', metadata: { tier: 1, region: 'south' } })).toMatchObject({
    status: 200,
    body: { name: 'New', slug: tenant.slug, metadata: { tier: 1, region: 'south' } },
  });
  expect((await change({ metadata: { tier: null, more: true } })).body.metadata).toEqual({
    region: 'south',
    more: true,
  });
  for (const bad of [{ slug: 'other' }, { isolation: 'schema' }, { metadata: { deep: { a: 1 } } }])
    expect((await change(bad)).status, JSON.stringify(bad)).toBe(400);
  expect((await server.operate('PUT', `${path}/cache/invalidate`)).body).toMatchObject({
    name: 'New',
    status: 'active',
  });
  expect(await server.operate('PATCH', `/v1/tenants/${crypto.randomUUID()}`, { body: {} })).toMatchObject({
    status: 404,
  });
});

test('a deletion is an operation that waits, and reactivating calls it off', async () => {
  const tenant = await server.createTenant();
  const act = (method: string, path = '') => server.operate(method, `/v1/tenants/${tenant.id}${path}`);
  expect((await act('DELETE')).body).toMatchObject({ status: 'active', possible: ['suspend', 'rotate', 'move'] });
  await act('PUT', '/suspend');
  await act('DELETE');
  const purge = async () =>
    (await server.operate('GET', `/v1/operations?tenantId=${tenant.id}&kind=tenant.purge`)).body;
  expect((await purge()).items).toMatchObject([{ state: 'waiting', notBefore: expect.any(String) }]);
  expect(await act('PUT', '/reactivate')).toMatchObject({ body: { status: 'active' } });
  expect((await purge()).items).toMatchObject([{ state: 'cancelled' }]);
});

test('audit: who did what, paged, filtered, refused attempts too', async () => {
  const tenant = await server.createTenant();
  const headers = { 'x-operator': 'alice@example.com' };
  await server.operate('PUT', `/v1/tenants/${tenant.id}/suspend`, { headers });
  await server.operate('PUT', `/v1/tenants/${tenant.id}/suspend`, { headers });
  const rows: { actor: string; action: string; outcome: string }[] = [];
  let cursor = '';
  do {
    const { body } = await server.operate('GET', `/v1/audit?tenantId=${tenant.id}&limit=2${cursor}`);
    expect(body.items.length).toBeLessThanOrEqual(2);
    rows.push(...body.items);
    cursor = body.next_cursor ? `&cursor=${body.next_cursor}` : '';
  } while (cursor !== '');
  expect(rows.map(({ actor, action, outcome }) => `${actor} ${action} ${outcome}`)).toEqual([
    'operator (alice@example.com) tenant.suspend refused',
    'operator (alice@example.com) tenant.suspend done',
    'system tenant.activate done',
    'operator tenant.create done',
  ]);
  const refused = await server.operate('GET', `/v1/audit?tenantId=${tenant.id}&outcome=refused&action=tenant.suspend`);
  expect(refused.body.items).toHaveLength(1);
  for (const [path, bad] of [
    ['/v1/audit?outcome=perhaps', {}],
    ['/v1/audit?cursor=YWZ0ZXI6eA', {}],
    ['/v1/operations?state=gone', {}],
    ['/v1/operations?tenantId=%20', {}],
    ['/v1/audit', { 'x-operator': 'a b' }],
  ] as const)
    expect((await server.operate('GET', path, { headers: bad })).status, path).toBe(400);
});

test('the command line does it all, and prints JSON', async () => {
  const tenant: TestTenant = await server.createTenant();
  const folder = temporaryDataFolder();
  onTestFinished(folder.remove);
  const cofferdam = async (...args: string[]) => {
    const { code, stdout, stderr } = await runInProcess(
      [...args, '--url', server.running.urls.tenants, '--as', 'bob', '--json'],
      {
        environment: { TENANT_MANAGER_API_KEY: server.apiKey, COFFERDAM_DATA_DIR: folder.path },
      },
    );
    return { code, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) };
  };
  expect(await cofferdam('tenants', 'rotate', tenant.id, '--overlap', '1')).toMatchObject({
    code: 0,
    answer: { kind: 'tenant.rotate', state: 'succeeded', actor: 'operator (bob)' },
  });
  expect(await cofferdam('tenants', 'settings', tenant.id, '--max-open', '4')).toMatchObject({
    answer: { connectionSettings: { maxOpenConns: 4 } },
  });
  expect(await cofferdam('tenants', 'quotas', tenant.id, '--requests-per-second', '500', '--burst', '9')).toMatchObject(
    {
      answer: { requestsPerSecond: 500, burst: 9 },
    },
  );
  expect((await cofferdam('tenants', 'quotas', tenant.id, '--burst', 'none')).answer).toEqual({
    requestsPerSecond: 500,
  });
  expect(await cofferdam('tenants', 'associations', 'suspend', tenant.id)).toMatchObject({
    answer: { serviceName: 'ledger', status: 'suspended' },
  });
  const { answer: operations } = await cofferdam('tenants', 'operations', '--tenant', tenant.id);
  expect(operations.map(({ kind }: { kind: string }) => kind)).toEqual(['tenant.rotate', 'tenant.provision']);
  const { answer: audit } = await cofferdam('tenants', 'audit', '--tenant', tenant.id, '--limit', '1');
  expect(audit).toMatchObject([{ action: 'association.suspend', actor: 'operator (bob)' }]);
  const twice = ['tenants', 'create', '--name', 'Twice', '--owner-email', 'twice@example.com'];
  const first = await cofferdam(...twice);
  server.removeAtEnd(first.answer.id);
  expect(first.answer.owner.password).toHaveLength(24);
  // The owner has the password of then; none is told that opens nothing.
  expect(await cofferdam(...twice)).toMatchObject({ code: 0, answer: { id: first.answer.id } });
  expect((await cofferdam(...twice)).answer.owner).toEqual({
    email: 'twice@example.com',
    clientId: first.answer.owner.clientId,
  });
  expect((await cofferdam('servers', 'list')).answer).toMatchObject([{ id: 'default', state: 'open' }]);
  expect((await cofferdam('servers', 'drain', 'default')).answer).toMatchObject({ state: 'draining' });
  const full = await cofferdam('tenants', 'create', '--name', 'Late', '--owner-email', 'late@example.com');
  expect(full).toMatchObject({ code: 1, stderr: expect.stringMatching(/No open server has room/) });
  expect((await cofferdam('servers', 'reopen', 'default')).answer).toMatchObject({ state: 'open' });
}, 180_000);
