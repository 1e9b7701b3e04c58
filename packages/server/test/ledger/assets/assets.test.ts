import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
let organization: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath: ledger, organizationPath: organization } = await createBooks(api, { assets: [] }));
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
const create = (code: string, more: object = {}) =>
  must(api.post(`${ledger}/assets`, { name: `Asset ${code}`, type: 'currency', code, ...more }));

test('create answers 201 and makes the external account with its debit-direction default balance', async () => {
  const { status, body } = await api.post(`${ledger}/assets`, { name: 'US Dollar', type: 'currency', code: 'USD' });
  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.any(String),
    name: 'US Dollar',
    type: 'currency',
    code: 'USD',
    status: { code: 'ACTIVE', description: null },
    organizationId: organization.split('/').at(-1),
    ledgerId: ledger.split('/').at(-1),
    createdAt: expect.any(String),
    updatedAt: body.createdAt,
    deletedAt: null,
  });
  expect((await api.get(`${ledger}/assets/${body.id}`)).body).toEqual(body);

  const account = await must(api.get(`${ledger}/accounts/external/USD`));
  expect(account).toMatchObject({
    alias: '@external/USD',
    name: 'External USD',
    type: 'external',
    assetCode: 'USD',
    status: { code: 'external', description: 'Account external created by asset: USD' },
    parentAccountId: null,
    segmentId: null,
    portfolioId: null,
    entityId: null,
    holderId: null,
    blocked: false,
  });
  const { items } = await must(api.get(`${ledger}/accounts/external/USD/balances`));
  expect(items).toEqual([
    expect.objectContaining({
      accountId: account.id,
      alias: '@external/USD',
      key: 'default',
      available: '0',
      onHold: '0',
      version: 0,
      direction: 'debit',
      accountType: 'external',
      allowSending: true,
      allowReceiving: true,
    }),
  ]);
  // What is made implicitly is no event (ledger-api §13).
  const { rows } = await api.store.adminPool.query(`select event from outbox where record_id = any($1)`, [
    [body.id, account.id, items[0].id],
  ]);
  expect(rows).toEqual([{ event: 'asset.created' }]);
});

test.each([
  ['an unknown type, before a bad code', { type: 'money', code: 'x1' }, 400, '0040'],
  ['a type in capitals', { type: 'CURRENCY' }, 400, '0040'],
  ['a digit in the code', { code: 'U1d' }, 400, '0033'],
  ['a lower-case letter, which comes before a digit', { code: 'Ud1' }, 400, '0004'],
  ['a currency that nobody issues', { code: 'QQQ' }, 400, '0005'],
  ['a fiat that nobody issues', { type: 'fiat', code: 'QQQ' }, 400, '0005'],
  ['a code too long', { type: 'others', code: 'A'.repeat(101) }, 400, '0047'],
  ['a missing code', { code: undefined }, 400, '0009'],
  ['an unknown member', { colour: 'red' }, 400, '0053'],
])('create refuses %s', async (_, more, status, code) => {
  const body = { name: 'Refused', type: 'currency', code: 'CAD', ...more };
  expect(refusal(await api.post(`${ledger}/assets`, body))).toEqual({ status, code });
  expect((await must(api.get(`${ledger}/assets?limit=100`))).items).not.toContainEqual(
    expect.objectContaining({ name: 'Refused' }),
  );
});

test('a code outside ISO 4217 is fine for what is no currency', async () => {
  expect((await create('BTC', { type: 'crypto' })).code).toBe('BTC');
});

test('name and code are taken once a ledger, case and all; a renamed asset is not compared', async () => {
  const euro = await create('EUR', { name: 'Euro' });
  const refuse = async (body: object) => refusal(await api.post(`${ledger}/assets`, { type: 'currency', ...body }));
  expect(await refuse({ name: 'Euro', code: 'GBP' })).toEqual({ status: 409, code: '0003' });
  expect(await refuse({ name: 'Other', code: 'EUR' })).toEqual({ status: 409, code: '0003' });
  const pound = await create('GBP', { name: 'euro' });
  expect((await must(api.patch(`${ledger}/assets/${pound.id}`, { name: 'Euro' }))).name).toBe('Euro');
  const elsewhere = await must(api.post(`${organization}/ledgers`, { name: 'Elsewhere' }));
  await must(
    api.post(`${organization}/ledgers/${elsewhere.id}/assets`, { name: 'Euro', type: 'currency', code: 'EUR' }),
  );
  expect((await api.get(`${organization}/ledgers/${elsewhere.id}/assets/${euro.id}`)).status).toBe(404);
});

test('racing creations of one code leave one asset and one external account', async () => {
  const body = { name: 'Yen', type: 'currency', code: 'JPY' };
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.post(`${ledger}/assets`, body)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
  expect((await must(api.get(`${ledger}/accounts?asset_code=jpy`))).items).toHaveLength(1);
});

test('create refuses an unknown ledger, and one of another organization', async () => {
  const body = { name: 'X', type: 'currency', code: 'USD' };
  const other = await must(api.post('/v1/organizations', { legalName: 'B', legalDocument: '2' }));
  for (const path of [
    `${organization}/ledgers/${unknownId}`,
    `/v1/organizations/${unknownId}/ledgers/${unknownId}`,
    `/v1/organizations/${other.id}/ledgers/${ledger.split('/').at(-1)}`,
  ])
    expect(refusal(await api.post(`${path}/assets`, body))).toEqual({ status: 404, code: '0037' });
});

test('change takes name, status and metadata, and nothing else', async () => {
  const { id } = await create('CHF', { metadata: { a: 1 } });
  const url = `${ledger}/assets/${id}`;
  expect(
    await must(api.patch(url, { name: 'Franc', status: { code: 'INACTIVE' }, metadata: { a: null } })),
  ).toMatchObject({
    name: 'Franc',
    code: 'CHF',
    status: { code: 'INACTIVE', description: null },
  });
  expect(refusal(await api.patch(url, { code: 'CHE' }))).toEqual({ status: 400, code: '0053' });
  expect(refusal(await api.patch(url, { type: 'fiat' }))).toEqual({ status: 400, code: '0053' });
});

test('delete takes the external account along, leaves its balance, and a new asset finds it again', async () => {
  const { id } = await create('NOK');
  const external = await must(api.get(`${ledger}/accounts/external/NOK`));
  const balances = await must(api.get(`${ledger}/accounts/external/NOK/balances`));
  expect((await api.delete(`${ledger}/assets/${id}`)).status).toBe(204);
  const unknown = await api.get(`${ledger}/assets/${unknownId}`);
  expect(unknown.body).toMatchObject({ status: 404, code: '0007', entityType: 'Asset' });
  for (const answer of [
    await api.get(`${ledger}/assets/${id}`),
    await api.delete(`${ledger}/assets/${id}`),
    await api.patch(`${ledger}/assets/${id}`, {}),
  ])
    expect(answer.text).toBe(unknown.text);
  expect(refusal(await api.get(`${ledger}/accounts/external/NOK`))).toEqual({ status: 404, code: '0085' });
  expect(refusal(await api.get(`${ledger}/accounts/${external.id}`))).toEqual({ status: 404, code: '0007' });
  expect(await must(api.get(`${ledger}/balances/${balances.items[0].id}`))).toEqual(balances.items[0]);

  expect((await create('NOK')).id).not.toBe(id);
  expect((await must(api.get(`${ledger}/accounts/external/NOK`))).id).toBe(external.id);
  expect(await must(api.get(`${ledger}/accounts/external/NOK/balances`))).toEqual(balances);
});

test('other external accounts of the asset go and come with it, and keep their alias meanwhile', async () => {
  const { id } = await create('SEK');
  const body = { assetCode: 'SEK', type: 'external', alias: 'bank-abroad' };
  const account = await must(api.post(`${ledger}/accounts`, body));
  await must(api.delete(`${ledger}/assets/${id}`));
  expect(refusal(await api.get(`${ledger}/accounts/${account.id}`))).toEqual({ status: 404, code: '0007' });
  await create('DKK');
  const taker = { assetCode: 'DKK', type: 'deposit', alias: 'bank-abroad' };
  expect(refusal(await api.post(`${ledger}/accounts`, taker))).toEqual({ status: 409, code: '0020' });
  await create('SEK');
  expect((await must(api.get(`${ledger}/accounts/alias/bank-abroad`))).id).toBe(account.id);
});

test('list filters by metadata and pages; count counts what lives', async () => {
  const path = `${organization}/ledgers/${(await must(api.post(`${organization}/ledgers`, { name: 'Listed' }))).id}`;
  const codes = ['USD', 'BRL', 'EUR'];
  for (const code of codes)
    await must(api.post(`${path}/assets`, { name: code, type: 'fiat', code, metadata: { code } }));
  const list = async (query: string) =>
    (await must(api.get(`${path}/assets?${query}`))).items.map(({ code }: { code: string }) => code);
  expect(await list('')).toEqual(codes);
  expect(await list('sort_order=desc&limit=1&page=2')).toEqual(['BRL']);
  expect(await list('metadata.code=EUR')).toEqual(['EUR']);
  expect(refusal(await api.get(`${path}/assets?metadata.code=XXX`))).toEqual({ status: 404, code: '0056' });
  expect((await api.head(`${path}/assets/metrics/count`)).headers['x-total-count']).toBe('3');
});
