import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
let account: { id: string };
let balance: { id: string; createdAt: string };
let clock = Date.parse('2026-03-01T12:00:00Z');
const at = (seconds: number) => new Date(Date.parse('2026-03-01T12:00:00Z') + seconds * 1000).toISOString();

beforeAll(async () => {
  api = await createLedgerApi({ now: () => new Date(clock) });
  ledger = (await createBooks(api)).ledgerPath;
  account = await must(api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'deposit', alias: '@alice' }));
  [balance] = (await must(api.get(`${ledger}/accounts/${account.id}/balances`))).items;
  for (const [seconds, value] of [
    [10, '5.50'],
    [10, '1'],
    [20, '100'],
  ] as const) {
    clock = Date.parse(at(seconds));
    const to = [{ accountAlias: '@alice', amount: { asset: 'USD', value } }];
    await must(api.post(`${ledger}/transactions/inflow`, { send: { asset: 'USD', value, distribute: { to } } }));
  }
  clock = Date.parse(at(60));
  await must(api.post(`${ledger}/accounts/${account.id}/balances`, { key: 'later' }));
});
afterAll(() => api.close());

const history = (date: string) => api.get(`${ledger}/balances/${balance.id}/history?date=${encodeURIComponent(date)}`);

test('a balance is what its last operation up to the moment left', async () => {
  expect(await must(history(at(15)))).toEqual({
    id: balance.id,
    organizationId: expect.any(String),
    ledgerId: expect.any(String),
    accountId: account.id,
    alias: '@alice',
    key: 'default',
    assetCode: 'USD',
    available: '6.5',
    onHold: '0',
    version: 2,
    accountType: 'deposit',
    overdraftUsed: '0',
    createdAt: balance.createdAt,
    updatedAt: at(10),
  });
  expect(await must(history(at(20)))).toMatchObject({ available: '106.5', version: 3, updatedAt: at(20) });
  expect(await must(history(at(5)))).toMatchObject({ available: '0', version: 0, updatedAt: balance.createdAt });
  expect(await must(history('2026-03-01 12:00:10'))).toMatchObject({ available: '6.5' });
  expect(await must(history('2026-03-01T13:00:10+01:00'))).toMatchObject({ available: '6.5' });
});

test('of an account: a bare array of the balances that existed', async () => {
  const url = `${ledger}/accounts/${account.id}/balances/history`;
  const keys = async (date: string) =>
    (await must(api.get(`${url}?date=${date}`))).map(({ key }: { key: string }) => key);
  expect(await keys(at(30))).toEqual(['default']);
  expect(await keys(at(60))).toEqual(['default', 'later']);
  expect(refusal(await api.get(`${url}?date=${at(-1)}`))).toEqual({ status: 404, code: '0141' });
});

test.each([
  ['no date', '', 400, '0142'],
  ['a date without time', '2026-03-01', 400, '0131'],
  ['no date at all', 'yesterday', 400, '0131'],
  ['the future', '2026-03-01T12:01:01Z', 400, '0140'],
  ['a moment before the balance', '2026-03-01T11:59:59Z', 404, '0141'],
])('refuses %s', async (_, date, status, code) => {
  expect(refusal(await history(date))).toEqual({ status, code });
});

test('an unknown or deleted balance is not found', async () => {
  const unknown = '019c96a0-0000-7000-8000-00000000dead';
  expect(refusal(await api.get(`${ledger}/balances/${unknown}/history?date=${at(30)}`))).toEqual({
    status: 404,
    code: '0007',
  });
  expect(refusal(await api.get(`${ledger}/accounts/${unknown}/balances/history?date=${at(30)}`))).toEqual({
    status: 404,
    code: '0141',
  });
});
