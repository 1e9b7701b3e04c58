import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { expect, test } from 'vitest';
import { endWhenPeerIsDead } from '../../src/postgres/dead-peer.js';
import { isConnectionLost } from '../../src/postgres/pg-errors.js';
import { adminSettings } from '../support/cluster.js';

test('a server that vanished without a word is given up; one that only thinks is not', async () => {
  const { host, port, user, password } = adminSettings();
  const upstreams: Socket[] = [];
  const line = createServer((socket) => {
    const upstream = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    upstreams.push(upstream);
    socket.on('error', () => {});
    upstream.on('error', () => {});
    socket.pipe(upstream).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(line, 'listening');
  const client = new pg.Client({
    host: '127.0.0.1',
    port: (line.address() as AddressInfo).port,
    user,
    password,
    database: 'postgres',
  });
  client.on('error', () => {});
  await client.connect();
  endWhenPeerIsDead(client, 50);
  expect((await client.query('select pg_sleep(0.5), 1 as one')).rows).toMatchObject([{ one: 1 }]);
  // Nothing comes any more, nobody answers a knock, and the connection is not closed.
  const lost = client.query('select pg_sleep(30)').catch((error: unknown) => error);
  for (const upstream of upstreams) upstream.unpipe();
  line.close();
  const failure = await lost;
  expect(isConnectionLost(failure), String(failure)).toBe(true);
  for (const upstream of upstreams) upstream.destroy();
});
