import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
let organization: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath: ledger, organizationPath: organization } = await createBooks(api));
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
const create = (keyValue: string, more: object = {}) =>
  must(api.post(`${ledger}/account-types`, { name: keyValue, keyValue, ...more }));

test('create, read, change, delete', async () => {
  const given = { name: 'Savings', description: 'For a rainy day.', keyValue: 'Savings_1', metadata: { a: 1 } };
  const { status, body } = await api.post(`${ledger}/account-types`, given);
  expect(status).toBe(201);
  expect(body).toMatchObject({ ...given, keyValue: 'savings_1', deletedAt: null });
  const url = `${ledger}/account-types/${body.id}`;
  expect((await api.get(url)).body).toEqual(body);
  expect(await must(api.patch(url, { name: 'Saving', description: null, metadata: { a: null } }))).toMatchObject({
    name: 'Saving',
    description: 'For a rainy day.',
  });
  expect(refusal(await api.patch(url, { keyValue: 'x' }))).toEqual({ status: 400, code: '0053' });
  expect((await api.delete(url)).status).toBe(204);
  const unknown = await api.get(`${ledger}/account-types/${unknownId}`);
  expect(refusal(unknown)).toEqual({ status: 404, code: '0109' });
  for (const answer of [await api.get(url), await api.patch(url, {}), await api.delete(url)])
    expect(answer.text).toBe(unknown.text);
  await create('savings_1');
});

test.each([
  ['a key with other characters, before a missing name', { name: undefined, keyValue: 'a b' }, '0120'],
  ['a key too long', { keyValue: 'k'.repeat(51) }, '0047'],
  ['no key', { keyValue: undefined }, '0009'],
  ['an empty description', { description: '' }, '0053'],
  ['a description too long', { description: 'd'.repeat(501) }, '0047'],
])('create refuses %s', async (_, more, code) => {
  const body = { name: 'N', keyValue: 'refused', ...more };
  expect(refusal(await api.post(`${ledger}/account-types`, body))).toEqual({ status: 400, code });
});

test('an empty name is an unknown member of a change', async () => {
  const { id } = await create('unnamed');
  const { status, body } = await api.patch(`${ledger}/account-types/${id}`, { name: '' });
  expect({ status, errors: body.errors }).toEqual({
    status: 400,
    errors: [{ location: 'name', message: 'unexpected field', value: '' }],
  });
});

test('a key is taken once a ledger in any case; parents must be there', async () => {
  await create('once');
  const body = { name: 'N', keyValue: 'ONCE' };
  expect(refusal(await api.post(`${ledger}/account-types`, body))).toEqual({ status: 409, code: '0108' });
  expect(refusal(await api.post(`${organization}/ledgers/${unknownId}/account-types`, body))).toEqual({
    status: 404,
    code: '0037',
  });
  const nowhere = `/v1/organizations/${unknownId}/ledgers/${unknownId}/account-types`;
  expect(refusal(await api.post(nowhere, body))).toEqual({ status: 404, code: '0038' });
});

test('list is by cursor and echoes the page', async () => {
  const { id: ledgerId } = await must(api.post(`${organization}/ledgers`, { name: 'Listed' }));
  const path = `${organization}/ledgers/${ledgerId}/account-types`;
  for (const keyValue of ['a', 'b', 'c'])
    await must(api.post(path, { name: keyValue, keyValue, metadata: { keyValue } }));
  const first = await must(api.get(`${path}?limit=2&page=7`));
  expect(first).toMatchObject({ page: 7, limit: 2, next_cursor: expect.any(String) });
  const second = await must(api.get(`${path}?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`));
  expect(second.items.map(({ keyValue }: { keyValue: string }) => keyValue)).toEqual(['c']);
  expect((await must(api.get(`${path}?key_value=B`))).items).toHaveLength(1);
  expect((await must(api.get(`${path}?metadata.keyValue=c`))).items).toHaveLength(1);
  expect(refusal(await api.get(`${path}?metadata.keyValue=d`))).toEqual({ status: 404, code: '0110' });
});

test('a ledger that validates account types takes registered ones only, in any case, and external ones', async () => {
  await must(api.patch(`${ledger}/settings`, { accounting: { validateAccountType: true } }));
  const account = (type: string, more: object = {}) =>
    api.post(`${ledger}/accounts`, { assetCode: 'USD', type, ...more });
  expect(refusal(await account('current', { assetCode: 'EUR' }))).toEqual({ status: 400, code: '0066' });
  const { id } = await create('current');
  expect((await must(account('Current'))).type).toBe('Current');
  await must(account('external', { alias: 'abroad' }));
  await must(api.delete(`${ledger}/account-types/${id}`));
  expect(refusal(await account('current'))).toEqual({ status: 400, code: '0066' });
});
