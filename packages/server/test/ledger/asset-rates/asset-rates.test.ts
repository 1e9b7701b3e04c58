import { afterAll, beforeAll, expect, test } from 'vitest';
import { toRateAndScale } from '../../../src/ledger/routes/asset-rates/rate-and-scale.js';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath: ledger } = await createBooks(api));
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
const put = (body: object) => api.call('PUT', `${ledger}/asset-rates`, body);

test('a rate is set, replaced and read by its external id', async () => {
  const { status, body } = await put({ from: 'USD', to: 'BRL', rate: 525, scale: 2, ttl: null, metadata: { a: 1 } });
  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.any(String),
    organizationId: ledger.split('/')[3],
    ledgerId: ledger.split('/').at(-1),
    externalId: expect.any(String),
    from: 'USD',
    to: 'BRL',
    rate: 525,
    scale: 2,
    source: null,
    ttl: 0,
    createdAt: expect.any(String),
    updatedAt: body.createdAt,
    metadata: { a: 1 },
  });
  expect((await api.get(`${ledger}/asset-rates/${body.externalId}`)).body).toEqual(body);
  const again = await must(put({ from: 'USD', to: 'BRL', rate: 5, source: 'Bank', ttl: 60, externalId: unknownId }));
  expect(again).toMatchObject({ id: body.id, rate: 5, scale: 0, source: 'Bank', ttl: 60, externalId: unknownId });
  expect(again).toMatchObject({ createdAt: body.createdAt, metadata: { a: 1 } });
  expect((await api.get(`${ledger}/asset-rates/${body.externalId}`)).body).toMatchObject({
    code: '0007',
    entityType: 'AssetRate',
  });
});

test.each([
  [{ from: 'USD', to: 'EUR', rate: 0 }, '0009'],
  [{ from: 'USD', to: 'EUR' }, '0009'],
  [{ from: 'USD', to: 'EUR', rate: 1.5 }, '0094'],
  [{ from: 'USD', to: 'EUR', rate: '1' }, '0094'],
  [{ from: 'USD', to: 'EUR', rate: 1, scale: -1 }, '0047'],
  [{ from: 'USD', to: 'EUR', rate: 1, ttl: -1 }, '0047'],
  [{ from: 'USD', to: 'EUR', rate: 1, source: 'x'.repeat(201) }, '0047'],
  [{ from: 'USD', to: 'EUR', rate: 1, externalId: 'x' }, '0047'],
  [{ from: 'USd', to: 'EUR', rate: 1 }, '0004'],
  [{ from: 'USD', to: 'E1', rate: 1 }, '0033'],
])('%j is refused', async (body, code) => {
  expect(refusal(await put(body))).toEqual({ status: 400, code });
});

test('an unknown ledger', async () => {
  const url = ledger.replace(/[^/]+$/, unknownId);
  expect(refusal(await api.call('PUT', `${url}/asset-rates`, { from: 'USD', to: 'EUR', rate: 1 }))).toEqual({
    status: 404,
    code: '0037',
  });
});

test('the list is by cursor and filtered by targets', async () => {
  for (const to of ['EUR', 'GBP', 'JPY']) await must(put({ from: 'CHF', to, rate: 1 }));
  const list = async (query: string) => {
    const { items } = await must(api.get(`${ledger}/asset-rates/from/CHF?${query}`));
    return items.map(({ to }: { to: string }) => to);
  };
  expect(await list('')).toEqual(['EUR', 'GBP', 'JPY']);
  expect(await list('to=JPY,EUR')).toEqual(['EUR', 'JPY']);
  expect(await list('sort_order=desc&limit=1')).toEqual(['JPY']);
  const first = await must(api.get(`${ledger}/asset-rates/from/CHF?limit=2`));
  expect(await list(`limit=2&cursor=${encodeURIComponent(first.next_cursor)}`)).toEqual(['JPY']);
  expect(refusal(await api.get(`${ledger}/asset-rates/from/chf`))).toEqual({ status: 400, code: '0004' });
  expect(refusal(await api.get(`${ledger}/asset-rates/from/CHF?to=E1`))).toEqual({ status: 400, code: '0033' });
});

test('two at once make one rate', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, rate) => put({ from: 'AAA', to: 'BBB', rate: rate + 1 })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
});

test('older clients send decimals and read a bare list (§15.1 row 3)', async () => {
  const url = `${ledger.replace(/^\/v1/, '')}/assets/NOK/rates`;
  const { status, text, body } = await api.call(
    'PUT',
    url,
    '{"toAsset":"BRL","rate":5.250,"effectiveAt":"2026-01-01T00:00:00Z"}',
  );
  expect(status).toBe(201);
  expect(text).toContain('"rate":5.25,');
  expect(body).toMatchObject({ fromAsset: 'NOK', toAsset: 'BRL', expirationAt: null });
  expect(body.effectiveAt).toMatch(/^2026-01-01T00:00:00/);
  expect((await api.get(url)).body).toEqual([body]);
  const { items } = await must(api.get(`${ledger}/asset-rates/from/NOK`));
  expect(items[0]).toMatchObject({ id: body.id, rate: 525, scale: 2 });
  expect(refusal(await api.call('PUT', url, { toAsset: 'BRL', rate: 0 }))).toEqual({ status: 400, code: '0009' });
  expect(refusal(await api.call('PUT', url, { toAsset: 'BRL', rate: 1, effectiveAt: 'soon' }))).toEqual({
    status: 400,
    code: '0131',
  });
});

test.each([
  ['5.25', 525, 2],
  ['-0.10', -1, 1],
  ['1e3', 1000, 0],
  ['1.5E-3', 15, 4],
  ['100', 100, 0],
  ['0.00', 0, 0],
])('%s is %i / 10^%i', (text, rate, scale) => {
  expect(toRateAndScale(text)).toEqual({ rate, scale });
});

test('digits that do not fit are refused', () => {
  expect(() => toRateAndScale('12345678901234567.8')).toThrow('digits');
  expect(() => toRateAndScale('1e400')).toThrow('digits');
});
