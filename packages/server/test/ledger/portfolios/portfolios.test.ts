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
let ledgers = 0;
const freshLedger = async () => {
  ledgers += 1;
  return `${organization}/ledgers/${(await must(api.post(`${organization}/ledgers`, { name: `Fresh ${ledgers}` }))).id}`;
};

test('create, read, change, delete', async () => {
  const { status, body } = await api.post(`${ledger}/portfolios`, { name: 'Retail', metadata: { a: 1 } });
  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.any(String),
    name: 'Retail',
    status: { code: 'ACTIVE', description: null },
    organizationId: organization.split('/').at(-1),
    ledgerId: ledger.split('/').at(-1),
    createdAt: expect.any(String),
    updatedAt: body.createdAt,
    deletedAt: null,
    metadata: { a: 1 },
  });
  const url = `${ledger}/portfolios/${body.id}`;
  expect((await api.get(url)).body).toEqual(body);
  expect(await must(api.patch(url, { name: 'New', metadata: { a: null, b: true } }))).toMatchObject({
    name: 'New',
    metadata: { b: true },
  });
  expect((await api.delete(url)).status).toBe(204);
  const unknown = await api.get(`${ledger}/portfolios/${unknownId}`);
  expect(unknown.body).toMatchObject({ status: 404, code: '0007', entityType: 'Portfolio' });
  for (const answer of [await api.get(url), await api.patch(url, {}), await api.delete(url)])
    expect(answer.text).toBe(unknown.text);
  const { rows } = await api.store.adminPool.query('select event from outbox where record_id = $1 order by position', [
    body.id,
  ]);
  expect(rows.map(({ event }) => event)).toEqual(['portfolio.created', 'portfolio.updated', 'portfolio.deleted']);
});

test('create refuses an unknown ledger, a missing name and an unknown member', async () => {
  const foreign = await must(api.post('/v1/organizations', { legalName: 'B', legalDocument: '2' }));
  for (const path of [
    `${organization}/ledgers/${unknownId}`,
    `/v1/organizations/${foreign.id}/ledgers/${ledger.split('/').at(-1)}`,
  ])
    expect(refusal(await api.post(`${path}/portfolios`, { name: 'X' }))).toEqual({ status: 404, code: '0037' });
  expect(refusal(await api.post(`${ledger}/portfolios`, {}))).toEqual({ status: 400, code: '0009' });
  expect(refusal(await api.post(`${ledger}/portfolios`, { name: 'X', colour: 'red' }))).toEqual({
    status: 400,
    code: '0053',
  });
});

test('one of another ledger is not found', async () => {
  const { id } = await must(api.post(`${await freshLedger()}/portfolios`, { name: 'Foreign' }));
  const unknown = await api.get(`${ledger}/portfolios/${unknownId}`);
  expect((await api.get(`${ledger}/portfolios/${id}`)).text).toBe(unknown.text);
});

test('list and count', async () => {
  const path = await freshLedger();
  for (const name of ['One', 'Two', 'Three']) await must(api.post(`${path}/portfolios`, { name, metadata: { name } }));
  const names = async (query: string) =>
    (await must(api.get(`${path}/portfolios?${query}`))).items.map(({ name }: { name: string }) => name);
  expect(await names('')).toEqual(['One', 'Two', 'Three']);
  expect(await names('limit=2&page=2&sort_order=desc')).toEqual(['One']);
  expect(await names('metadata.name=Two')).toEqual(['Two']);
  expect(refusal(await api.get(`${path}/portfolios?metadata.name=Four`))).toEqual({ status: 404, code: '0058' });
  expect((await api.head(`${path}/portfolios/metrics/count`)).headers['x-total-count']).toBe('3');
  expect(await must(api.get(`${organization}/ledgers/${unknownId}/portfolios`))).toEqual({
    items: [],
    page: 1,
    limit: 10,
  });
});

test('the entity id is left out when empty, and filters the list', async () => {
  const path = await freshLedger();
  const given = await must(api.post(`${path}/portfolios`, { name: 'A', entityId: 'customer-1' }));
  expect(given.entityId).toBe('customer-1');
  const without = await must(api.post(`${path}/portfolios`, { name: 'A', status: 'frozen' }));
  expect(without).not.toHaveProperty('entityId');
  const list = async (query: string) =>
    (await must(api.get(`${path}/portfolios?${query}`))).items.map(({ id }: { id: string }) => id);
  expect(await list('entity_id=customer-1')).toEqual([given.id]);
  expect(await list('status=active')).toEqual([given.id]);
  expect(await list('status=nothing')).toEqual([]);
  expect((await must(api.patch(`${path}/portfolios/${without.id}`, { entityId: 'customer-2' }))).entityId).toBe(
    'customer-2',
  );
  expect((await must(api.patch(`${path}/portfolios/${without.id}`, { entityId: null }))).entityId).toBe('customer-2');
});
