import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.js';

/** Walks docs/request-path.md: what V8 saw called while one transaction was posted must contain every row of the table. */
const root = fileURLToPath(new URL('../../../../', import.meta.url));
const document = readFileSync(`${root}docs/request-path.md`, 'utf8');
const steps = [...document.matchAll(/^\| \d+ \| `([^`]+)` \| `([^`]+)` \|/gm)].map(([, file = '', name = '']) => ({
  file: file.startsWith('core/') ? `packages/core/src/${file.slice('core/'.length)}` : `packages/server/src/${file}`,
  name,
}));

const session = new Session();
let server: TestServer;
beforeAll(async () => {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
});
afterAll(async () => {
  session.disconnect();
  await server.stop();
});

test('a posted transaction passes every step of docs/request-path.md', async () => {
  const token = await (await server.createTenant()).token();
  const post = async (path: string, body: object) => {
    const reply = await server.call('POST', path, { token, body });
    expect(reply.status, reply.text).toBe(201);
    return reply.body;
  };
  const organization = await post('/v1/organizations', { legalName: 'Walk', legalDocument: '1' });
  const ledger = await post(`/v1/organizations/${organization.id}/ledgers`, { name: 'Main' });
  const path = `/v1/organizations/${organization.id}/ledgers/${ledger.id}`;
  await post(`${path}/assets`, { name: 'US Dollar', type: 'currency', code: 'USD' });
  await post(`${path}/accounts`, { name: 'Alice', assetCode: 'USD', type: 'deposit', alias: '@alice' });
  const leg = (accountAlias: string) => ({ accountAlias, amount: { asset: 'USD', value: '1' } });
  await post(`${path}/transactions/json`, {
    send: { asset: 'USD', value: '1', source: { from: [leg('@external/USD')] }, distribute: { to: [leg('@alice')] } },
  });

  const { result } = await session.post('Profiler.takePreciseCoverage');
  const called = (file: string): string[] =>
    result
      .filter(({ url }) => url.endsWith(file))
      .flatMap(({ functions }) => functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
      .map(({ functionName }) => functionName);
  expect(steps.length).toBeGreaterThan(15);
  for (const { file, name } of steps) expect(called(file), `${file} ${name}`).toContain(name);
});
