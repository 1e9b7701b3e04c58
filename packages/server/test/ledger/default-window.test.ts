import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOneOfEach, type Ids } from './support/every-route.js';
import { createLedgerApi, type LedgerApi, must } from './support/ledger-api.js';

let api: LedgerApi;
let ids: Ids;
let today = new Date();
beforeAll(async () => {
  api = await createLedgerApi({ now: () => today });
  ids = await createOneOfEach(api, 'old');
});
afterAll(() => api.close());

test('only transactions and operations are listed for the last months by default; all else whenever it was made (ledger-api §16 row 9)', async () => {
  today = new Date(Date.now() + 400 * 24 * 3_600_000);
  const organization = `/v1/organizations/${ids['organization_id']}`;
  const ledger = `${organization}/ledgers/${ids['ledger_id']}`;
  const lists = [
    '/v1/organizations',
    `${organization}/ledgers`,
    `${organization}/holders`,
    `${organization}/instruments`,
    `${ledger}/accounts/${ids['account_id']}/balances`,
    `${ledger}/accounts/${ids['account_id']}/operations`,
    `${ledger}/asset-rates/from/USD`,
    ...['assets', 'portfolios', 'segments', 'accounts', 'account-types', 'balances'].map((name) => `${ledger}/${name}`),
    ...['operation-routes', 'transaction-routes', 'transactions'].map((name) => `${ledger}/${name}`),
  ];
  const empty: string[] = [];
  for (const url of lists)
    if ((await must(api.get(url), url)).items.length === 0) empty.push(url.split('/').at(-1) ?? '');
  expect(empty).toEqual(['operations', 'transactions']);
  // And the count of transactions is today's.
  expect((await api.head(`${ledger}/transactions/metrics/count`)).headers['x-total-count']).toBe('0');
});
