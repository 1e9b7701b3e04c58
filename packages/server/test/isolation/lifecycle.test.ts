import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin } from '../support/admin.js';
import { awakeMsUntil } from '../support/awake-time.js';
import type { Reply, TestServer } from '../support/server.js';
import { createBooks } from './support/books.js';
import { join, openWorld, type Resident, underLogin, type World } from './support/world.js';

let world: World;
let twin: TestServer;
beforeAll(async () => {
  world = await openWorld(['database', 'schema'], { TENANT_RETENTION_DAYS: '0' });
  twin = await world.server.twin();
});
afterAll(async () => {
  await twin?.stop();
  await world?.stop();
});

const modes = ['database', 'schema'] as const;
const residentIn = (mode: string) => world.residents[modes.indexOf(mode as 'schema')] as Resident;
const organizations = (server: TestServer, token: string) => server.call('GET', '/v1/organizations', { token });

/** Milliseconds until `probe` says so; `undefined` when it never does. */
async function until(limitMs: number, probe: () => Promise<boolean>): Promise<number | undefined> {
  const start = performance.now();
  while (performance.now() - start < limitMs) {
    if (await probe()) return performance.now() - start;
    await delay(25);
  }
  return undefined;
}

/** Asks again and again; `end` tells which answers there were, the last one (purged) left out. */
function watchToken(server: TestServer, token: string): { end(): Promise<string[]> } {
  const answers = new Set<string>();
  let over = false;
  const asking = (async () => {
    while (!over) {
      const { status, body } = await organizations(server, token);
      answers.add(status === 200 ? '200' : `${status} ${body.code} ${body.reason}`);
      await delay(10);
    }
  })();
  asking.catch(() => {}); // when an assertion has ended the test, the server goes first
  return {
    async end() {
      over = true;
      await asking;
      return [...answers].filter((answer) => answer !== '403 0159 TENANT_PURGED');
    },
  };
}

const login = (server: TestServer, clientId: string, clientSecret: string): Promise<Reply> =>
  server.access('POST', '/v1/login/oauth/access_token', {
    body: { grantType: 'client_credentials', clientId, clientSecret },
  });

describe.each(modes)('%s', (mode) => {
  test('X-06: a suspended tenant with a live token meets 403/0159 on every process in 2 s; reactivated it is served again', async () => {
    const { tenant, token, books } = residentIn(mode);
    for (const server of [world.server, twin]) expect((await organizations(server, token)).status).toBe(200);

    expect((await world.server.operate('PUT', `/v1/tenants/${tenant.id}/suspend`)).status).toBe(200);
    const isRefusedAt = (server: TestServer) => async () => (await organizations(server, token)).status === 403;
    for (const took of await Promise.all([twin, world.server].map((server) => awakeMsUntil(isRefusedAt(server)))))
      expect(took).toBeLessThan(2_000);
    for (const server of [twin, world.server]) {
      const { status, body, text } = await organizations(server, token);
      expect({ status, code: body.code, reason: body.reason }).toEqual({
        status: 403,
        code: '0159',
        reason: 'TENANT_SUSPENDED',
      });
      expect(text).not.toContain(tenant.id);
    }
    // The right credentials hear why, wrong ones hear what everybody hears.
    expect((await login(twin, tenant.clientId, tenant.clientSecret)).status).toBe(403);
    expect((await login(twin, tenant.clientId, 'wrong')).status).toBe(401);

    expect((await world.server.operate('PUT', `/v1/tenants/${tenant.id}/reactivate`)).status).toBe(200);
    for (const server of [twin, world.server])
      expect(await awakeMsUntil(async () => (await organizations(server, token)).status === 200)).toBeLessThan(2_000);
    expect((await organizations(twin, token)).text).toContain(books.marker);
  });

  test('X-33, X-34: deleted and purged in 30 s; the same slug again shows nothing of what was', async () => {
    const slug = `reused-${mode}`;
    const old = await join(world.server, mode, 'O', { slug });
    const books = await createBooks(old.client);
    expect((await organizations(twin, old.token)).status).toBe(200);

    expect((await world.server.operate('DELETE', `/v1/tenants/${old.tenant.id}`)).status).toBe(409);
    // At no moment between active and purged does a token that is still in use meet anything but its tenant or 0159.
    const watch = [world.server, twin].map((server) => watchToken(server, old.token));
    await world.server.operate('PUT', `/v1/tenants/${old.tenant.id}/suspend`);
    expect((await world.server.operate('DELETE', `/v1/tenants/${old.tenant.id}`)).status).toBe(202);
    const gone = await until(30_000, async () => (await leftOvers(old)).length === 0);
    expect(gone, JSON.stringify(await leftOvers(old))).toBeDefined();
    expect(
      await until(
        5_000,
        async () => (await world.server.operate('GET', `/v1/tenants/${old.tenant.id}`)).body.status === 'deleted',
      ),
    ).toBeDefined();
    for (const { end } of watch)
      expect(['200', '403 0159 TENANT_SUSPENDED']).toEqual(expect.arrayContaining(await end()));

    const fresh = await join(world.server, mode, 'N', { slug });
    expect(fresh.tenant.id).not.toBe(old.tenant.id);
    expect(fresh.store.username).not.toBe(old.store.username);
    for (const server of [world.server, twin]) {
      const isServed = async () => (await organizations(server, fresh.token)).status === 200;
      expect(await awakeMsUntil(isServed)).toBeLessThan(2_000);
      expect((await organizations(server, fresh.token)).body.items).toEqual([]);
      const byId = await server.call('GET', books.path, { token: fresh.token });
      expect({ status: byId.status, code: byId.body.code }).toEqual({ status: 404, code: '0007' });
      // The old token names an id that nobody has ever again; each process hears of the purge on its feed.
      const refusal = () => organizations(server, old.token);
      expect(await awakeMsUntil(async () => (await refusal()).body.reason === 'TENANT_PURGED')).toBeLessThan(2_000);
      const { status, body, text } = await refusal();
      expect({ status, code: body.code, reason: body.reason }, text).toEqual({
        status: 403,
        code: '0159',
        reason: 'TENANT_PURGED',
      });
      expect(text).not.toContain(slug);
      expect((await login(server, old.tenant.clientId, old.tenant.clientSecret)).status).not.toBe(200);
    }
    await expect(underLogin(old, ['select 1'])).resolves.toMatch(/^(28P01|28000|3D000|42501)$/);
  });
});

/** What is left of a tenant on the cluster. */
async function leftOvers({ store, tenant }: Pick<Resident, 'store' | 'tenant'>): Promise<string[]> {
  const roles = await asAdmin(async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      `select rolname as name from pg_roles where starts_with(rolname, $1) union all select datname from pg_database where datname = $1`,
      [`t_${tenant.id}`],
    );
    return rows.map(({ name }) => name);
  });
  if (tenant.isolation === 'database') return roles;
  const schemas = await asAdmin(async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      'select nspname as name from pg_namespace where nspname = $1',
      [store.schema],
    );
    return rows.map(({ name }) => name);
  }, world.server.names.sharedDatabase);
  return [...roles, ...schemas];
}
