import { once } from 'node:events';
import { connect } from 'node:net';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBalances } from '../../../../core/test/any-program.js';
import { withDatabase } from '../../../src/postgres/connection-settings.js';
import { openPool } from '../../../src/postgres/pool.js';
import { adminSettings } from '../../support/admin.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { addAccount } from '../posting/books.js';
import { accountOf } from '../posting/model-account.js';
import { type Door, runModelUnderLoad } from './model-under-load.js';

/** Two whole servers on one tenant's store; `npm run test:load` does it with two processes, and longer. */
let servers: TestServer[];
let admin: pg.Pool;
beforeAll(async () => {
  const server = await startTestServer();
  servers = [server, await server.twin()];
  admin = openPool(withDatabase(adminSettings(), server.names.singleDatabase), {
    max: 2,
    applicationName: 'model',
    searchPath: ['ledger'],
  });
});
afterAll(async () => {
  await admin.end();
  for (const server of servers.reverse()) await server.stop();
});

async function openLedger(): Promise<{ path: string; ledgerId: string }> {
  const [first] = servers as [TestServer];
  const organization = await first.call('POST', '/v1/organizations', { body: { legalName: 'O', legalDocument: '1' } });
  const ledgers = `/v1/organizations/${organization.body.id}/ledgers`;
  const ledgerId = (await first.call('POST', ledgers, { body: { name: 'main' } })).body.id;
  const place = { organizationId: organization.body.id, ledgerId };
  for (const balance of startBalances)
    await addAccount(admin, { ...place, alias: balance.alias, ...accountOf(balance) });
  return { path: `${ledgers}/${ledgerId}/transactions`, ledgerId };
}

test('random commands of all kinds through two servers are as one after the other', async () => {
  const { path, ledgerId } = await openLedger();
  const doors = servers.map(
    (server): Door => ({
      post: (name, body, headers = {}) => server.call('POST', `${path}/${name}`, { body, headers }),
    }),
  );
  const { posted, refused, seed } = await runModelUnderLoad({ doors, ledgerId, admin, commands: 1_500, clients: 30 });
  const note = `seed ${seed}: ${posted} posted, refused ${JSON.stringify([...refused])}`;
  expect(posted, note).toBeGreaterThan(300);
  for (const code of ['0018', '0087', '0099', '0486']) expect(refused.get(code), note).toBeGreaterThan(0);
}, 240_000);

test('a client that goes away in the middle neither holds up the others nor loses what was posted', async () => {
  const [first, second] = servers as [TestServer, TestServer];
  const { path, ledgerId } = await openLedger();
  const amount = { asset: 'USD', value: '1' };
  const body = {
    send: {
      ...amount,
      source: { from: [{ accountAlias: '@external/USD', amount }] },
      distribute: { to: [{ accountAlias: '@plain', amount }] },
    },
  };
  const key = { 'x-idempotency': 'gone' };
  const held = await admin.connect();
  await held.query('begin');
  await held.query("select from balance where ledger_id = $1 and alias = '@plain' for update", [ledgerId]);
  const url = new URL(first.running.urls.ledger);
  const socket = connect(Number(url.port), url.hostname);
  const text = JSON.stringify(body);
  socket.write(
    `POST ${path}/json HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nX-Idempotency: gone\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  // Not asked by `held`: a transaction sees its first look at the sessions for ever.
  while (
    (await admin.query("select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"))
      .rowCount === 0
  )
    await new Promise((resolve) => setTimeout(resolve, 10));
  // One more in the same batch or the next: it must not notice that the other client is gone.
  const other = first.call('POST', `${path}/json`, { body, headers: { 'x-idempotency': 'stays' } });
  socket.destroy();
  await once(socket, 'close');
  await held.query('commit');
  held.release();
  expect((await other).status).toBe(201);
  const again = await second.call('POST', `${path}/json`, { body, headers: key });
  expect(again.status).toBe(201);
  expect(again.headers.get('x-idempotency-replayed')).toBe('true');
  const { rows } = await admin.query('select count(*)::int as n from transaction where ledger_id = $1', [ledgerId]);
  expect(rows[0].n).toBe(2);
});
