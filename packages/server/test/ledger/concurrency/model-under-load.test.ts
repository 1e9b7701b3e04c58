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
    max: 1,
    applicationName: 'model',
    searchPath: ['ledger'],
  });
});
afterAll(async () => {
  await admin.end();
  for (const server of servers.reverse()) await server.stop();
});

test('random commands of all kinds through two servers are as one after the other', async () => {
  const [first] = servers as [TestServer];
  const organization = await first.call('POST', '/v1/organizations', { body: { legalName: 'O', legalDocument: '1' } });
  const path = `/v1/organizations/${organization.body.id}/ledgers`;
  const ledgerId = (await first.call('POST', path, { body: { name: 'main' } })).body.id;
  const place = { organizationId: organization.body.id, ledgerId };
  for (const balance of startBalances)
    await addAccount(admin, { ...place, alias: balance.alias, ...accountOf(balance) });
  const doors = servers.map(
    (server): Door => ({
      post: (name, body, headers = {}) =>
        server.call('POST', `${path}/${ledgerId}/transactions/${name}`, { body, headers }),
    }),
  );
  const { posted, refused, seed } = await runModelUnderLoad({ doors, ledgerId, admin, commands: 1_500, clients: 30 });
  const note = `seed ${seed}: ${posted} posted, refused ${JSON.stringify([...refused])}`;
  expect(posted, note).toBeGreaterThan(300);
  for (const code of ['0018', '0087', '0099', '0486']) expect(refused.get(code), note).toBeGreaterThan(0);
}, 90_000);
