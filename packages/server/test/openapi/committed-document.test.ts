import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
});
afterAll(() => server.stop());

test('openapi/openapi.json is what the server serves: npm run openapi', async () => {
  const committed = JSON.parse(readFileSync(new URL('../../../../openapi/openapi.json', import.meta.url), 'utf8'));
  expect((await server.call('GET', '/openapi.json')).body).toEqual(committed);
});
