import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.js';
import { booksOf, loginOf, readBooks, startLoad, until } from '../tenancy/move/support.js';

/**
 * A pooler keeps connections of the old login open and has never seen the new one: scripts/test-pgbouncer.sh runs this with
 * PgBouncer before the tenants, `npm run test:long` without.
 */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' });
}, 180_000);
afterAll(() => server?.stop());

test('a tenant moves there and back while it is written to: no request fails, every acknowledged transaction is there', async () => {
  const tenant = await server.createTenant({ isolation: 'schema' });
  const { token, books } = await booksOf(server, tenant);
  const made = await readBooks(await loginOf(server, tenant.id));
  const load = startLoad([server], token, books, 2);
  const wrote = async (more: number) => {
    const count = load.acknowledged.length;
    await expect.poll(() => load.acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(count + more);
  };
  try {
    await wrote(10);
    const begun = await server.operate('POST', `/v1/tenants/${tenant.id}/move`, { body: { isolation: 'database' } });
    expect(begun.status, begun.text).toBe(202);
    const moved = await until(server, begun.body.id, ({ details }) => details.phase === 'await');
    expect(moved.details.pauseMs).toBeLessThan(2_000);
    await wrote(10);
    expect((await server.operate('POST', `/v1/tenants/${tenant.id}/move/revert`)).status).toBe(202);
    await until(server, begun.body.id, ({ state }) => state === 'cancelled');
    await wrote(10);
  } finally {
    await load.stop();
  }
  expect(load.failures).toEqual([]);
  const there = await readBooks(await loginOf(server, tenant.id));
  expect(there.ids).toEqual([...made.ids, ...load.acknowledged].sort());
  expect(there.unbalanced).toBe(0);
}, 360_000);
