import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type Call, expectStatus } from './modes.js';

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The 56 steps of ledger-api §14 with the minimal bodies, and what its collection asserts of each answer. */
export async function walkWorkflow(call: Call): Promise<void> {
  const address = { line1: '1 Rd', zipCode: '1', city: 'X', state: 'NY', country: 'US' };
  const o = await fourSteps(
    call,
    '/v1/organizations',
    { legalName: 'Acme', legalDocument: '123', address },
    { legalName: 'Acme Corp' },
  ); // 1–4
  expect(o.created.legalName).toBe('Acme');
  const l = await fourSteps(call, `${o.url}/ledgers`, { name: 'Main' }, { name: 'Main books' }); // 5–8
  const at = l.url;
  const asset = await fourSteps(
    call,
    `${at}/assets`,
    { name: 'US Dollar', type: 'currency', code: 'USD' },
    { name: 'Dollar' },
  ); // 9–12
  const account = await fourSteps(
    call,
    `${at}/accounts`,
    { name: 'Alice', assetCode: 'USD', type: 'deposit', alias: '@alice' },
    { name: 'Alice A' },
  ); // 13–16
  const portfolio = await fourSteps(call, `${at}/portfolios`, { name: 'Retail' }, { name: 'Retail 2' }); // 17–20
  const segment = await fourSteps(call, `${at}/segments`, { name: 'Retail' }, { name: 'Retail 2' }); // 21–24

  const counted = [
    '/v1/organizations',
    `${o.url}/ledgers`,
    `${at}/accounts`,
    `${at}/assets`,
    `${at}/portfolios`,
    `${at}/segments`,
  ];
  for (const [step, path] of counted.entries()) {
    // 25–30
    const { status, headers, text } = await call('HEAD', `${path}/metrics/count`);
    expect({ path, status, text, count: headers.get('x-total-count') }).toEqual({
      path,
      status: 204,
      text: '',
      count: ['1', '1', '2', '1', '1', '1'][step],
    });
  }
  expect((await expectStatus(200, call('GET', `${at}/accounts/alias/@alice`))).id).toBe(account.id); // 31
  expect((await expectStatus(200, call('GET', `${at}/accounts/external/USD`))).alias).toBe('@external/USD'); // 32

  const leg = (accountAlias: string, value: string) => ({
    accountAlias,
    amount: { asset: 'USD', value },
    metadata: { step: 'w' },
  });
  const from = (alias: string, value: string) => ({ source: { from: [leg(alias, value)] } });
  const to = (alias: string, value: string) => ({ distribute: { to: [leg(alias, value)] } });
  const send = { asset: 'USD', value: '100.00' };
  const post = (kind: string, more: object, headers?: Record<string, string>) =>
    expectStatus(
      201,
      call('POST', `${at}/transactions/${kind}`, { description: kind, send: { ...send, ...more } }, headers),
    );
  const first = await post(
    'json',
    { ...from('@external/USD', '100.00'), ...to('@alice', '100.00') },
    { 'x-idempotency': randomUUID() },
  ); // 33
  const operation = first.operations.find(
    ({ accountAlias }: { accountAlias: string }) => !accountAlias.startsWith('@external/'),
  );
  expect(operation).toMatchObject({ accountId: account.id, balanceId: expect.stringMatching(uuid) });
  // An empty header counts as none.
  await post('inflow', to('@alice', '100.00'), { 'x-idempotency': '' }); // 34
  await post('outflow', from('@alice', '100.00')); // 35

  const transaction = `${at}/transactions/${first.id}`;
  expect((await expectStatus(200, call('GET', transaction))).status.code).toBe('APPROVED'); // 36
  await expectStatus(200, call('PATCH', transaction, { description: 'changed' })); // 37
  expect((await expectStatus(200, call('GET', `${at}/transactions`))).items).toHaveLength(3); // 38
  const operations = `${at}/accounts/${account.id}/operations`;
  expect((await expectStatus(200, call('GET', `${operations}/${operation.id}`))).id).toBe(operation.id); // 39
  expect((await expectStatus(200, call('GET', operations))).items).toHaveLength(3); // 40
  await expectStatus(200, call('PATCH', `${transaction}/operations/${operation.id}`, { description: 'changed' })); // 41

  const balance = `${at}/balances/${operation.balanceId}`;
  expect((await expectStatus(200, call('GET', balance))).available).toBe('100'); // 42
  for (const path of [
    `accounts/${account.id}/balances`,
    'accounts/alias/@alice/balances',
    'accounts/external/USD/balances',
  ]) // 43–45
    expect((await expectStatus(200, call('GET', `${at}/${path}`))).items[0].available, path).toBe('100');
  await expectStatus(200, call('PATCH', balance, { allowSending: true, allowReceiving: true })); // 46
  expect((await expectStatus(200, call('GET', `${at}/balances`))).items).toHaveLength(2); // 47
  const amount = String(
    Math.abs((await expectStatus(200, call('GET', `${at}/accounts/alias/@alice/balances`))).items[0].available),
  ); // 48
  expect(amount).toBe('100');
  await post(
    'json',
    { value: amount, ...from('@alice', amount), ...to('@external/USD', amount) },
    { 'x-idempotency': randomUUID() },
  ); // 49

  for (const url of [balance, segment.url, portfolio.url, account.url, asset.url, l.url, o.url]) {
    // 50–56
    const { status, text } = await call('DELETE', url);
    expect({ url, status, text }).toEqual({ url, status: 204, text: '' });
  }
  expect((await call('GET', '/health')).text).toBe('healthy');
}

/** Create, read, change, list: four steps that six resources have in a row. */
async function fourSteps(call: Call, path: string, body: object, patch: object) {
  const created = await expectStatus(201, call('POST', path, body));
  expectEntity(created);
  const url = `${path}/${created.id}`;
  expectEntity(await expectStatus(200, call('GET', url)));
  const patched = await expectStatus(200, call('PATCH', url, patch));
  expectEntity(patched);
  expect(patched).toMatchObject(patch);
  const { items } = await expectStatus(200, call('GET', path));
  expect(items.map(({ id }: { id: string }) => id)).toContain(created.id);
  return { created, id: created.id as string, url };
}

function expectEntity(body: Record<string, unknown>) {
  expect(body['id']).toMatch(uuid);
  for (const name of ['createdAt', 'updatedAt']) expect(body[name]).toMatch(timestamp);
  expect(body['status']).toBeDefined();
}
