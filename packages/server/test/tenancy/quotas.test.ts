import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Reply, startTestServer, type TestServer, type TestTenant } from '../support/server.js';

let server: TestServer;
let noisy: TestTenant;
let quiet: TestTenant;
let tokens: { noisy: string; quiet: string };

beforeAll(async () => {
  // One connection a tenant: the posting engine, which likes to have two, works with one.
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true', MULTI_TENANT_MAX_OPEN_CONNS_PER_TENANT: '1' });
  noisy = await server.createTenant({ isolation: 'schema' });
  quiet = await server.createTenant({ isolation: 'database' });
  tokens = { noisy: await noisy.token(), quiet: await quiet.token() };
});
afterAll(() => server.stop());

const setQuotas = async (quotas: object) => {
  const { status, body } = await server.operate('PUT', `/v1/tenants/${noisy.id}/quotas`, { body: quotas });
  expect({ status, body }).toEqual({ status: 200, body: quotas });
};
const list = (token: string) => server.call('GET', '/v1/organizations', { token });
/** Several at once: on a slow machine one after the other may be within the quota. */
const several = () => Promise.all(Array.from({ length: 6 }, () => list(tokens.noisy)));
async function untilRefused(): Promise<Reply> {
  let refused: Reply | undefined;
  await expect
    .poll(async () => (refused = (await several()).find(({ status }) => status === 429)), { interval: 20 })
    .toBeDefined();
  return refused as Reply;
}
const untilServed = () =>
  expect.poll(async () => (await several()).every(({ status }) => status === 200), { interval: 20 }).toBe(true);

test('requests a second: 429 with the code, the reason and Retry-After; other tenants do not notice', async () => {
  expect((await server.operate('GET', `/v1/tenants/${noisy.id}/quotas`)).body).toEqual({});
  await setQuotas({ requestsPerSecond: 1, burst: 3 });
  const refused = await untilRefused();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  expect(refused.body).toMatchObject({ code: 'COF-0001', status: 429, reason: 'TENANT_REQUEST_QUOTA' });
  expect(refused.text).not.toContain(noisy.id);
  // The short way out leaves nothing out.
  const served = await list(tokens.quiet);
  for (const name of ['cache-control', 'vary', 'x-content-type-options', 'access-control-allow-origin'])
    expect(refused.headers.get(name)).toBe(served.headers.get(name));
  expect(refused.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  const others = await Promise.all(Array.from({ length: 20 }, () => list(tokens.quiet)));
  expect(others.map(({ status }) => status)).toEqual(Array(20).fill(200));
  // What was promised: after that long a request is served.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect((await list(tokens.noisy)).status).toBe(200);
  const { text } = await server.operate('GET', '/metrics');
  expect(text).toMatch(
    new RegExp(`tenant_quota_refusals_total\\{tenant_id="(${noisy.id}|other)",quota="requests"\\} [1-9]`),
  );
});

test('a refusal comes before the body is read', async () => {
  await setQuotas({ requestsPerSecond: 1, burst: 1 });
  const url = new URL(`${server.running.urls.ledger}/v1/organizations`);
  const sendHeadAlone = (resolve: (status?: number) => void, reject: (error: Error) => void) => {
    const sent = request(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokens.noisy}`,
        'content-type': 'application/json',
        'content-length': '900000',
      },
    });
    sent.on('response', (response) => {
      resolve(response.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    // The body never comes. Where the machine stalled for a second it is within the quota, and waits for it.
    sent.flushHeaders();
    setTimeout(() => sent.destroy() && resolve(), 3_000).unref();
  };
  await untilRefused();
  await expect.poll(() => new Promise<number | undefined>(sendHeadAlone)).toBe(429);
});

test('concurrent posts: more than the quota at once are refused, each place is free again afterwards', async () => {
  await setQuotas({ concurrentPosts: 2 });
  await untilServed();
  const make = () =>
    server.call('POST', '/v1/organizations', {
      token: tokens.noisy,
      body: { legalName: 'Firm', legalDocument: String(Math.random()) },
    });
  await expect
    .poll(async () =>
      (await Promise.all(Array.from({ length: 12 }, make))).some(
        ({ body }) => body.reason === 'TENANT_CONCURRENCY_QUOTA',
      ),
    )
    .toBe(true);
  const results = await Promise.all(Array.from({ length: 12 }, make));
  const refused = results.find(({ status }) => status === 429);
  expect(results.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(2);
  if (refused) expect(refused.body).toMatchObject({ code: 'COF-0001', reason: 'TENANT_CONCURRENCY_QUOTA' });
  // Bad bodies give their places back too, and reading needs none.
  for (let i = 0; i < 5; i += 1)
    expect((await server.call('POST', '/v1/organizations', { token: tokens.noisy, body: '{' })).status).toBe(400);
  expect((await make()).status).toBe(201);
  expect((await list(tokens.noisy)).status).toBe(200);
});

test('a tenant that goes on sending beyond its quota gets its quota served and is slowed down', async () => {
  await setQuotas({ requestsPerSecond: 20, burst: 1 });
  await untilRefused();
  const counts = new Map<number, number>();
  const startedAt = performance.now();
  const callers = Array.from({ length: 40 }, async () => {
    while (performance.now() - startedAt < 1_500) {
      const { status } = await list(tokens.noisy);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  });
  for (let i = 0; i < 10; i += 1) expect((await list(tokens.quiet)).status).toBe(200);
  await Promise.all(callers);
  const seconds = (performance.now() - startedAt) / 1000;
  const [served = 0, refused = 0] = [counts.get(200), counts.get(429)];
  expect(served).toBeGreaterThanOrEqual(20);
  expect(served).toBeLessThanOrEqual(20 * seconds + 2);
  // 20 a second at once, and one a second for each connection; unthrottled it would be thousands.
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThanOrEqual(20 + (20 + 40) * seconds);
  expect(counts.size).toBe(2);
});

test('bad quotas change nothing', async () => {
  await setQuotas({ requestsPerSecond: 5_000 });
  for (const body of [{ requestsPerSecond: 0 }, { burst: -1 }, { concurrentPosts: '5' }, { unknown: 1 }, []]) {
    const { status } = await server.operate('PUT', `/v1/tenants/${noisy.id}/quotas`, { body });
    expect(status).toBe(400);
  }
  expect((await server.operate('GET', `/v1/tenants/${noisy.id}/quotas`)).body).toEqual({ requestsPerSecond: 5_000 });
  expect((await server.operate('PUT', '/v1/tenants/none/quotas', { body: {} })).status).toBe(404);
});
