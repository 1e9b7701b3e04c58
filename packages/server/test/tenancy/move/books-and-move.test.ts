import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBooksOf } from '../../support/open-books.js';
import { startTestServer, type TestServer, type TestTenant } from '../../support/server.js';
import { until } from './support.js';

/**
 * An import or restore works as the tenant's migrator, which no pause of a move holds: what it committed at a place that is being
 * left would be gone. So one of the two waits for the other.
 */
let server: TestServer;
let tenant: TestTenant;
beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
  tenant = await server.createTenant({ isolation: 'schema' });
});
afterAll(() => server.stop());

const move = () => server.operate('POST', `/v1/tenants/${tenant.id}/move`, { body: { isolation: 'database' } });

test('while books are open for writing a move waits, while a tenant is moved they are not opened for it', async () => {
  const begun = await openBooksOf(
    server,
    tenant.id,
    async () => {
      const { status, body, text } = await move();
      expect(status, text).toBe(202);
      // A move of so few rows takes less than that.
      await delay(1_500);
      const held = await server.operate('GET', `/v1/operations/${body.id}`);
      expect(held.body).toMatchObject({ state: 'running', progress: { done: 0 }, details: { phase: 'copy' } });
      return body.id as string;
    },
    'write',
  );
  await until(server, begun, ({ details }) => details.phase === 'await');
  await expect(openBooksOf(server, tenant.id, async () => undefined, 'write')).rejects.toThrow(
    /is being moved .*confirm or revert the move first/,
  );
  const index = async () => {
    const path = '/v1/settings/metadata-indexes/entities/account';
    return server.call('POST', path, { token: await tenant.token(), body: { metadataKey: 'late' } });
  };
  expect(await index()).toMatchObject({ status: 503, body: { reason: 'METADATA_INDEX_BUSY' } });
  // Reading is no harm.
  await openBooksOf(server, tenant.id, async () => undefined, 'read');
  await server.operate('POST', `/v1/tenants/${tenant.id}/move/confirm`);
  await until(server, begun, ({ state }) => state === 'succeeded');
  await openBooksOf(server, tenant.id, async () => undefined, 'write');
  expect((await index()).status).toBe(201);
}, 60_000);
