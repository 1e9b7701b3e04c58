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
  const { status, body } = await api.post(`${ledger}/segments`, { name: 'Retail', metadata: { a: 1 } });
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
  const url = `${ledger}/segments/${body.id}`;
  expect((await api.get(url)).body).toEqual(body);
  expect(await must(api.patch(url, { name: 'New', metadata: { a: null, b: true } }))).toMatchObject({
    name: 'New',
    metadata: { b: true },
  });
  expect((await api.delete(url)).status).toBe(204);
  const unknown = await api.get(`${ledger}/segments/${unknownId}`);
  expect(unknown.body).toMatchObject({ status: 404, code: '0007', entityType: 'Segment' });
  for (const answer of [await api.get(url), await api.patch(url, {}), await api.delete(url)])
    expect(answer.text).toBe(unknown.text);
  const { rows } = await api.store.adminPool.query('select event from outbox where record_id = $1 order by position', [
    body.id,
  ]);
  expect(rows.map(({ event }) => event)).toEqual(['segment.created', 'segment.updated', 'segment.deleted']);
});

test('create refuses an unknown ledger, a missing name and an unknown member', async () => {
  const foreign = await must(api.post('/v1/organizations', { legalName: 'B', legalDocument: '2' }));
  for (const path of [
    `${organization}/ledgers/${unknownId}`,
    `/v1/organizations/${foreign.id}/ledgers/${ledger.split('/').at(-1)}`,
  ])
    expect(refusal(await api.post(`${path}/segments`, { name: 'X' }))).toEqual({ status: 404, code: '0037' });
  expect(refusal(await api.post(`${ledger}/segments`, {}))).toEqual({ status: 400, code: '0009' });
  expect(refusal(await api.post(`${ledger}/segments`, { name: 'X', colour: 'red' }))).toEqual({
    status: 400,
    code: '0053',
  });
});

test('one of another ledger is not found', async () => {
  const { id } = await must(api.post(`${await freshLedger()}/segments`, { name: 'Foreign' }));
  const unknown = await api.get(`${ledger}/segments/${unknownId}`);
  expect((await api.get(`${ledger}/segments/${id}`)).text).toBe(unknown.text);
});

test('list and count', async () => {
  const path = await freshLedger();
  for (const name of ['One', 'Two', 'Three']) await must(api.post(`${path}/segments`, { name, metadata: { name } }));
  const names = async (query: string) =>
    (await must(api.get(`${path}/segments?${query}`))).items.map(({ name }: { name: string }) => name);
  expect(await names('')).toEqual(['One', 'Two', 'Three']);
  expect(await names('limit=2&page=2&sort_order=desc')).toEqual(['One']);
  expect(await names('metadata.name=Two')).toEqual(['Two']);
  expect(refusal(await api.get(`${path}/segments?metadata.name=Four`))).toEqual({ status: 404, code: '0057' });
  expect((await api.head(`${path}/segments/metrics/count`)).headers['x-total-count']).toBe('3');
  expect(await must(api.get(`${organization}/ledgers/${unknownId}/segments`))).toEqual({
    items: [],
    page: 1,
    limit: 10,
  });
});

test('a name is taken once a ledger, case and all, on create only', async () => {
  const path = await freshLedger();
  await must(api.post(`${path}/segments`, { name: 'A' }));
  expect(refusal(await api.post(`${path}/segments`, { name: 'A' }))).toEqual({ status: 409, code: '0015' });
  const other = await must(api.post(`${path}/segments`, { name: 'a' }));
  expect((await must(api.patch(`${path}/segments/${other.id}`, { name: 'A' }))).name).toBe('A');
  const answers = await Promise.all(Array.from({ length: 6 }, () => api.post(`${path}/segments`, { name: 'Raced' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(5).fill(409)]);
});
