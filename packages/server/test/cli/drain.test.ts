import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
async function ask(path: string) {
  const request = get(`${server.running.urls.ledger}${path}`, { agent });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, connection: response.headers.connection, reused: request.reusedSocket };
}

test('a drain is announced: not ready, each connection closed with its answer, requests served until the delay is over', async () => {
  expect(await ask('/readyz')).toMatchObject({ status: 200, connection: 'keep-alive' });
  const stopped = server.running.stop({ delayMs: 1_500 });
  const at = performance.now();
  expect(await ask('/readyz')).toEqual({ status: 503, connection: 'close', reused: true });
  expect(await ask('/v1/organizations')).toEqual({ status: 200, connection: 'close', reused: false });
  await stopped;
  expect(performance.now() - at).toBeGreaterThan(1_400);
  await expect(ask('/readyz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
