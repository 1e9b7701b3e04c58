import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOneOfEach, type Ids } from './support/every-route.js';
import { createLedgerApi, type LedgerApi, must } from './support/ledger-api.js';

let api: LedgerApi;
let ids: Ids;
let organization: string;
let ledger: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ids = await createOneOfEach(api, 'one');
  organization = `/v1/organizations/${ids['organization_id']}`;
  ledger = `${organization}/ledgers/${ids['ledger_id']}`;
});
afterAll(() => api.close());

// Rows of ledger-api §15.1.

test('row 4: a status may be a bare string on every resource that has one', async () => {
  const status = { code: 'INACTIVE', description: null };
  const create = (path: string, body: object) => must(api.post(path, { ...body, status: 'INACTIVE' }));
  const made = [
    [await create('/v1/organizations', { legalName: 'A', legalDocument: '1' }), '/v1/organizations'],
    [await create(`${organization}/ledgers`, { name: 'Bare' }), `${organization}/ledgers`],
    [await create(`${ledger}/assets`, { name: 'Euro', type: 'fiat', code: 'EUR' }), `${ledger}/assets`],
    [await create(`${ledger}/accounts`, { assetCode: 'EUR', type: 'deposit' }), `${ledger}/accounts`],
    [await create(`${ledger}/portfolios`, { name: 'P' }), `${ledger}/portfolios`],
    [await create(`${ledger}/segments`, { name: 'S' }), `${ledger}/segments`],
  ] as const;
  for (const [body, path] of made) {
    expect(body.status).toEqual(status);
    const changed = await must(api.patch(`${path}/${body.id}`, { status: 'ACTIVE' }));
    expect(changed.status).toEqual({ code: 'ACTIVE', description: null });
  }
});

test('row 5: lists by cursor repeat their cursors under meta', async () => {
  await must(api.post(`${ledger}/accounts/${ids['account_id']}/balances`, { key: 'second' }));
  const { next_cursor, meta } = await must(api.get(`${ledger}/balances?limit=1`));
  expect(meta).toEqual({ nextCursor: next_cursor });
  const second = await must(api.get(`${ledger}/balances?limit=1&cursor=${encodeURIComponent(next_cursor)}`));
  expect(second.meta).toEqual({ nextCursor: second.next_cursor, prevCursor: second.prev_cursor });
});

test('row 6: DELETE may say that it sends JSON and send nothing', async () => {
  const { id } = await must(api.post(`${ledger}/segments`, { name: 'To delete' }));
  expect(await api.call('DELETE', `${ledger}/segments/${id}`, '')).toMatchObject({ status: 204, text: '' });
});

test('row 7: unknown query keys are ignored', async () => {
  const query = 'offset=5&sortBy=name&sortDirection=up&filters=%5Bobject%20Object%5D';
  for (const path of [
    '/v1/organizations',
    `${organization}/ledgers`,
    `${ledger}/assets`,
    `${ledger}/accounts`,
    `${ledger}/balances`,
  ])
    expect((await must(api.get(`${path}?${query}`))).items.length).toBeGreaterThan(0);
});
