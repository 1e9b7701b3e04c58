import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
});
afterAll(() => server.stop());

const base = '/v1/settings/metadata-indexes';

test.each(['database', 'schema'] as const)('a tenant isolated by %s has indexes of its own', async (isolation) => {
  const [own, other] = [await server.createTenant({ isolation }), await server.createTenant({ isolation })];
  const [token, otherToken] = [await own.token(), await other.token()];
  const made = await server.call('POST', `${base}/entities/account`, { token, body: { metadataKey: 'color' } });
  expect([made.status, made.text]).toEqual([201, expect.stringContaining('"metadata.color_1"')]);
  expect((await server.call('GET', base, { token })).body).toHaveLength(1);
  expect((await server.call('GET', base, { token: otherToken })).body).toEqual([]);
  const url = `${base}/entities/account/key/color`;
  expect((await server.call('DELETE', url, { token: otherToken })).status).toBe(404);
  expect((await server.call('DELETE', url, { token })).status).toBe(204);
});

test('single-tenant mode has the same', async () => {
  const single = await startTestServer();
  try {
    const made = await single.call('POST', `${base}/entities/operation`, { body: { metadataKey: 'color' } });
    expect([made.status, made.text]).toEqual([201, expect.stringContaining('"metadata.color_1"')]);
    expect((await single.call('GET', base)).body).toHaveLength(1);
  } finally {
    await single.stop();
  }
});
