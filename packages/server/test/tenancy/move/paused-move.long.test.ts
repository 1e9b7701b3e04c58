import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { physicalName } from '../../../src/tenancy/physical-names.js';
import { createBooks } from '../../isolation/support/books.js';
import { adminSettings, asAdmin } from '../../support/cluster.js';
import { run } from '../../support/program.js';
import { type SecondCluster, startSecondCluster } from '../../support/second-cluster.js';
import { ownerPassword, startTestServer, type TestServer, type TestTenant } from '../../support/server.js';
import { asLogin, type Login, loginOf, readBooks, startLoad, until } from './support.js';

/** A server as it comes from a package or a provider: no logical replication, no superuser for us. */
let plain: SecondCluster;
let server: TestServer;
beforeAll(async () => {
  [server, plain] = await Promise.all([
    startTestServer({ MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' }),
    startSecondCluster({ wal_level: 'replica' }),
  ]);
  await plain.query(`create role dba login createrole createdb password 'dba-password'`);
  await plain.query(`create role customer login createrole password 'customer-password'`);
  await plain.query('create database customer_books owner customer');
  const added = await server.operate('POST', '/v1/servers', { body: { id: 'plain', ...loginAs('dba') } });
  expect(added.status, added.text).toBe(201);
}, 180_000);
afterAll(async () => {
  await server?.stop();
  await plain?.stop();
});

const loginAs = (user: string, database = 'postgres') => {
  const { host, port } = plain.admin;
  return { host, port, user, password: `${user}-password`, database };
};

/** A tenant where it is wanted, with some books. */
async function createAt(
  wish: object,
): Promise<{ id: string; token: string; path: string; books: Awaited<ReturnType<typeof createBooks>> }> {
  const { status, body, text } = await server.operate('POST', '/v1/tenants', {
    body: {
      name: 'Bank',
      slug: `s${crypto.randomUUID()}`,
      owner: { email: 'owner@example.com', password: ownerPassword },
      application: { name: 'test', role: 'editor' },
      ...wish,
    },
  });
  expect({ status, tenant: body.status }, text).toEqual({ status: 201, tenant: 'active' });
  server.removeAtEnd(body.id);
  const { clientId, clientSecret } = body.application as Pick<TestTenant, 'clientId' | 'clientSecret'>;
  const login = { grantType: 'client_credentials', clientId, clientSecret };
  const token = (await server.access('POST', '/v1/login/oauth/access_token', { body: login })).body.accessToken;
  const books = await createBooks((method, path, of) => server.call(method, path, { token, body: of }));
  return { id: body.id, token, path: `/v1/tenants/${body.id}`, books };
}

/** Events as a reader may take them, and as transaction ids alone would have it. */
async function eventsOf(login: Login): Promise<{ inOrder: number[]; byId: number[]; all: number }> {
  const owned = { ...adminSettings(), host: login.host, port: login.port };
  const admin = login.port === plain.admin.port ? plain.admin : owned;
  const schema = login.schema ?? 'ledger';
  const found = await asLogin({ ...login, username: admin.user, password: admin.password ?? '' }, async (client) => {
    const read = async (from: string) =>
      (await client.query(`select position::int as position from "${schema}".${from}`)).rows.map(
        ({ position }) => position,
      );
    return {
      inOrder: await read('outbox_in_order order by generation, xid, position'),
      byId: await read('outbox order by xid, position'),
      all: (await read('outbox')).length,
    };
  });
  if (found === undefined) throw new Error('the administrator is refused');
  return found.value;
}

test('without logical replication a move is refused with an estimate; --allow-pause moves there, back, and there for good', async () => {
  const tenant = await createAt({ isolation: 'schema', placement: { server: 'plain' } });
  const before = await loginOf(server, tenant.id);
  expect(before.port).toBe(plain.admin.port);
  const refused = await server.operate('POST', `${tenant.path}/move`, { body: { server: 'default' } });
  expect(refused, refused.text).toMatchObject({ status: 422, body: { code: 'TEN-0137' } });
  expect(refused.body.message).toMatch(
    /plain has wal_level=replica.*must be a superuser.*2 s at most.*--allow-pause.*about \d+ s for some \d+ rows/,
  );
  expect(refused.body.estimate.pauseMs).toBeGreaterThan(1_000);

  const cofferdam = (...args: string[]) =>
    run(['tenants', ...args, tenant.id, '--json', '--url', server.running.urls.tenants], {
      environment: { TENANT_MANAGER_API_KEY: server.apiKey, MULTI_TENANT_ENABLED: 'true' },
    });
  // The ids of the new place must be smaller than those of the old one, or the other way round: both ways are tried.
  const load = startLoad([server], tenant.token, tenant.books, 2);
  const made = await readBooks(before);
  try {
    const moved = await cofferdam('move', '--server', 'default', '--isolation', 'database', '--allow-pause');
    expect(moved, moved.stderr).toMatchObject({ code: 0 });
    expect(moved.stderr).toMatch(/writes pause for about \d+ s/);
    const answer = JSON.parse(moved.stdout);
    expect(answer).toMatchObject({
      details: { phase: 'await', method: 'pause', estimate: { rows: expect.any(Number) } },
    });
    expect(answer.details.pauseMs).toBeGreaterThan(0);
    expect(answer.details.compared.rows).toBeGreaterThan(20);
  } finally {
    await load.stop();
  }
  // Whoever waits for longer than 2 s is told to come again, and is not answered wrongly.
  for (const failure of load.failures) expect(failure).toMatch(/^503 /);
  const after = await loginOf(server, tenant.id);
  expect(after.port).not.toBe(before.port);
  expect(await asLogin(before, (client) => client.query('select'))).toBeUndefined();
  const there = await readBooks(after);
  expect(there.ids).toEqual(expect.arrayContaining([...made.ids, ...load.acknowledged]));
  expect(there).toMatchObject({ unbalanced: 0 });

  const more = startLoad([server], tenant.token, tenant.books, 2);
  for (const deadline = Date.now() + 20_000; more.acknowledged.length < 10 && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, 20));
  await more.stop();
  expect(more.failures).toEqual([]);
  const atNew = await eventsOf(after);
  expect(atNew.inOrder).toHaveLength(atNew.all);
  expect(atNew.inOrder).toEqual([...atNew.inOrder].sort((a, b) => a - b));

  const reverted = await cofferdam('revert');
  expect(reverted, reverted.stderr).toMatchObject({ code: 0 });
  expect(await loginOf(server, tenant.id)).toMatchObject(before);
  const back = await readBooks(before);
  expect(back.ids).toEqual(expect.arrayContaining([...there.ids, ...more.acknowledged]));
  expect(back).toMatchObject({ unbalanced: 0 });
  const last = startLoad([server], tenant.token, tenant.books, 2);
  for (const deadline = Date.now() + 20_000; last.acknowledged.length < 5 && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, 20));
  await last.stop();
  const atOld = await eventsOf(before);
  expect(atOld.inOrder).toHaveLength(atOld.all);
  expect(atOld.inOrder).toEqual([...atOld.inOrder].sort((a, b) => a - b));
  // What came back bears the other cluster's ids: these alone would give another order.
  expect(atOld.byId).not.toEqual(atOld.inOrder);

  expect(await cofferdam('move', '--server', 'default', '--allow-pause')).toMatchObject({ code: 0 });
  expect(await cofferdam('confirm')).toMatchObject({ code: 0 });
  const { rows } = await plain.query(`select rolname from pg_roles where starts_with(rolname, $1)`, [
    physicalName(tenant.id as TenantId),
  ]);
  expect(rows).toEqual([]);
}, 360_000);

test('out of a brought database: moved with a pause and left as it came; nobody is moved into one', async () => {
  const tenant = await createAt({ database: loginAs('customer', 'customer_books') });
  const servers = (await server.operate('GET', '/v1/servers')).body.items;
  const given = servers.find(({ kind }: { kind: string }) => kind === 'given');
  const other = await server.createTenant({ isolation: 'schema' });
  const into = await server.operate('POST', `/v1/tenants/${other.id}/move`, {
    body: { server: given?.id ?? (await serverOf(tenant.id)) },
  });
  expect(into, into.text).toMatchObject({ status: 422, body: { code: 'TEN-0137' } });
  expect(into.body.message).toMatch(/brought for one tenant: tenants are moved to shared servers only/);

  const begun = await server.operate('POST', `${tenant.path}/move`, { body: { server: 'default', allowPause: true } });
  expect(begun.status, begun.text).toBe(202);
  await until(server, begun.body.id, ({ details }) => details.phase === 'await');
  await server.operate('POST', `${tenant.path}/move/confirm`);
  await until(server, begun.body.id, ({ state }) => state === 'succeeded');
  expect((await readBooks(await loginOf(server, tenant.id))).unbalanced).toBe(0);
  const { rows } = await plain.query(
    `select nspname from pg_namespace where nspname = 'ledger' union all
     select rolname from pg_roles where starts_with(rolname, '${physicalName(tenant.id as TenantId)}')`,
    [],
    'customer_books',
  );
  expect(rows).toEqual([]);
}, 240_000);

async function serverOf(id: string): Promise<string> {
  const { rows } = await asAdmin(
    (client) => client.query('select server_id as id from placement where tenant_id = $1', [id]),
    server.names.controlDatabase,
  );
  return rows[0].id;
}
