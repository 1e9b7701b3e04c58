import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLedgerApi, type LedgerApi, must } from './support/ledger-api.js';

let api: LedgerApi;
beforeAll(async () => {
  api = await createLedgerApi();
});
afterAll(() => api.close());

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the public collection asserts of each object that it creates, reads or changes (ledger-api §14). */
function expectEntity(body: Record<string, unknown>) {
  expect(body['id']).toMatch(uuid);
  expect(body['createdAt']).toMatch(timestamp);
  expect(body['updatedAt']).toMatch(timestamp);
  expect(body['status']).toBeDefined();
}

/** Create, read, change, list: the four steps that six resources have in a row. */
async function fourSteps(path: string, body: object, patch: object) {
  const created = await api.post(path, body);
  expect(created.status).toBe(201);
  expectEntity(created.body);
  const url = `${path}/${created.body.id}`;
  for (const answer of [await api.get(url), await api.patch(url, patch)]) {
    expect(answer.status).toBe(200);
    expectEntity(answer.body);
  }
  const list = await must(api.get(path));
  expect(list.items.map(({ id }: { id: string }) => id)).toContain(created.body.id);
  return { id: created.body.id, url };
}

test('the 56 steps of the public workflow', async () => {
  // 1–24
  const address = { line1: '1 Rd', zipCode: '1', city: 'X', state: 'NY', country: 'US' };
  const organization = await fourSteps(
    '/v1/organizations',
    { legalName: 'Acme', legalDocument: '123', address },
    { legalName: 'Acme Corp' },
  );
  const ledger = await fourSteps(`${organization.url}/ledgers`, { name: 'Main' }, { name: 'Main books' });
  const at = ledger.url;
  const asset = await fourSteps(
    `${at}/assets`,
    { name: 'US Dollar', type: 'currency', code: 'USD' },
    { name: 'Dollar' },
  );
  const account = await fourSteps(
    `${at}/accounts`,
    { name: 'Alice', assetCode: 'USD', type: 'deposit', alias: '@alice' },
    { name: 'Alice A' },
  );
  const portfolio = await fourSteps(`${at}/portfolios`, { name: 'Retail' }, { name: 'Retail 2' });
  const segment = await fourSteps(`${at}/segments`, { name: 'Retail' }, { name: 'Retail 2' });
  // 25–30
  const counts = [
    '/v1/organizations',
    `${organization.url}/ledgers`,
    `${at}/accounts`,
    `${at}/assets`,
    `${at}/portfolios`,
    `${at}/segments`,
  ];
  const totals = [];
  for (const path of counts) {
    const { status, headers } = await api.head(`${path}/metrics/count`);
    expect(status).toBe(204);
    totals.push(headers['x-total-count']);
  }
  expect(totals).toEqual(['1', '1', '2', '1', '1', '1']);
  // 31–32
  expect((await must(api.get(`${at}/accounts/alias/@alice`))).id).toBe(account.id);
  expect((await must(api.get(`${at}/accounts/external/USD`))).alias).toBe('@external/USD');
  // 33–35
  const post = async (kind: string, send: object) => {
    const { status, body } = await api.post(`${at}/transactions/${kind}`, { description: kind, send });
    expect({ status, text: body.detail }).toEqual({ status: 201, text: undefined });
    return body;
  };
  const leg = (accountAlias: string, value: string) => ({ accountAlias, amount: { asset: 'USD', value } });
  const send = { asset: 'USD', value: '100.00' };
  const from = (alias: string, value = '100.00') => ({ source: { from: [leg(alias, value)] } });
  const to = (alias: string, value = '100.00') => ({ distribute: { to: [leg(alias, value)] } });
  const transaction = await post('json', { ...send, ...from('@external/USD'), ...to('@alice') });
  const operation = transaction.operations.find(
    (one: { accountAlias: string }) => !one.accountAlias.startsWith('@external/'),
  );
  expect(operation).toMatchObject({ accountId: account.id });
  await post('inflow', { ...send, ...to('@alice') });
  await post('outflow', { ...send, ...from('@alice') });
  // 36–41
  expect((await must(api.get(`${at}/transactions/${transaction.id}`))).id).toBe(transaction.id);
  await must(api.patch(`${at}/transactions/${transaction.id}`, { description: 'changed' }));
  expect((await must(api.get(`${at}/transactions`))).items).toHaveLength(3);
  const operations = `${at}/accounts/${account.id}/operations`;
  expect((await must(api.get(`${operations}/${operation.id}`))).id).toBe(operation.id);
  expect((await must(api.get(operations))).items).toHaveLength(3);
  await must(api.patch(`${at}/transactions/${transaction.id}/operations/${operation.id}`, { description: 'changed' }));
  // 42–48
  const balance = `${at}/balances/${operation.balanceId}`;
  expect((await must(api.get(balance))).available).toBe('100');
  expect((await must(api.get(`${at}/accounts/${account.id}/balances`))).items[0].available).toBe('100');
  expect((await must(api.get(`${at}/accounts/alias/@alice/balances`))).items[0].available).toBe('100');
  expect((await must(api.get(`${at}/accounts/external/USD/balances`))).items[0].available).toBe('100');
  await must(api.patch(balance, { allowSending: true, allowReceiving: true }));
  expect((await must(api.get(`${at}/balances`))).items).toHaveLength(2);
  const amount = Math.abs((await must(api.get(`${at}/accounts/alias/@alice/balances`))).items[0].available);
  expect(amount).toBe(100);
  // 49
  await post('json', {
    asset: 'USD',
    value: `${amount}`,
    ...from('@alice', `${amount}`),
    ...to('@external/USD', `${amount}`),
  });
  // 50–56
  for (const url of [
    balance,
    segment.url,
    portfolio.url,
    account.url,
    `${at}/assets/${asset.id}`,
    ledger.url,
    organization.url,
  ]) {
    const { status, text } = await api.delete(url);
    expect({ url, status, text }).toEqual({ url, status: 204, text: '' });
  }
});
