import { once } from 'node:events';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineRoute } from '../../src/http/route.js';
import { Text } from '../../src/http/schemas.js';
import { listenerWith, route } from './support.js';

/** What a socket sees: no inject, no client that mends things. */
const id = '019c96a0-0000-7000-8000-000000000000';
const url = '/v1/things/:thing_id';

let app: FastifyInstance;
beforeEach(async () => {
  app = listenerWith([
    defineRoute({
      ...route({ method: 'POST', url, handler: async () => ({ status: 500 }) }),
      body: Type.Object({ name: Text(10) }, { additionalProperties: false }),
      handler: async () => ({ status: 201 }),
    }),
    route({ method: 'GET', url, handler: async () => ({ status: 200, body: { items: [] } }) }),
    route({ method: 'GET', url: '/health', handler: async () => ({ status: 200, body: {} }) }),
  ]);
  await app.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => app.close());

async function raw(request: string): Promise<string> {
  const { port } = app.server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => undefined);
  socket.write(request);
  await once(socket, 'close');
  return received;
}

it('large headers answer 431', async () => {
  const answer = await raw(`GET /health HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
  expect(answer).toContain('"code":"0497"');
});

it.each([
  'NONSENSE\r\n\r\n',
  'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  'POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
])('what is no HTTP answers 400: %j', async (request) => {
  const answer = await raw(request);
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(answer).toContain('"code":"0047"');
});

it('a body far over the limit is let in to its end, so that a client that writes before it reads gets its 413', async () => {
  const { port } = app.server.address() as { port: number };
  const body = Buffer.alloc(10 * 1024 * 1024, ' ');
  for (const framing of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause(); // nothing is read before all is written
    const head = `POST /v1/things/${id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
    const chunked = framing.includes('chunked');
    const text = chunked ? [`${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n'] : [body];
    await new Promise<void>((resolve, reject) => {
      socket
        .once('error', reject)
        .write(Buffer.concat([head, ...text].map((part) => Buffer.from(part))), () => resolve());
    });
    const [answer] = await once(socket.resume(), 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
    // The connection is still good: what was left of the body is no new request.
    socket.write(`GET /v1/things/${id} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  }
});

it('a body that has no end is cut off', async () => {
  const { port } = app.server.address() as { port: number };
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(
    `POST /v1/things/${id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`,
  );
  const block = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  const more = () => {
    while (!socket.destroyed && sent < 500 && socket.write(block)) sent += 1;
  };
  socket.on('drain', more);
  more();
  await new Promise((resolve) => socket.resume().once('close', resolve));
  expect(sent).toBeLessThan(500);
});
