import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath: ledger } = await createBooks(api));
});
afterAll(() => api.close());

const base = '/v1/settings/metadata-indexes';
const create = (entity: string, body: object) => api.post(`${base}/entities/${entity}`, body);
const inStore = async () =>
  (
    await api.store.adminPool.query<{ name: string; valid: boolean; definition: string }>(
      `select c.relname as name, i.indisvalid as valid, pg_get_indexdef(c.oid) as definition
         from pg_class c join pg_index i on i.indexrelid = c.oid where c.relname like 'metadata\\_index\\_%' order by 1`,
    )
  ).rows;

afterEach(async () => {
  for (const { name } of await inStore()) await api.store.adminPool.query(`drop index concurrently "${name}"`);
});

test('an index is made, listed, used and deleted', async () => {
  expect(await must(api.get(base))).toEqual([]);
  const { status, body } = await create('segment', { metadataKey: 'color' });
  expect(status).toBe(201);
  const index = {
    indexName: 'metadata.color_1',
    entityName: 'segment',
    metadataKey: 'color',
    unique: false,
    sparse: true,
  };
  expect(body).toEqual(index);
  expect(await must(api.get(base))).toMatchObject([{ ...index, stats: { accesses: 0 } }]);
  expect(await must(api.get(`${base}?entity_name=account`))).toEqual([]);
  await api.store.adminPool.query('set enable_seqscan = off');
  const plan = await api.store.adminPool.query({
    text: `explain select * from segment where deleted_at is null and metadata ->> $1 = $2`,
    values: ['color', 'red'],
  });
  expect(JSON.stringify(plan.rows)).toContain('metadata_index_segment_');
  expect(refusal(await create('segment', { metadataKey: 'color', unique: true }))).toEqual({
    status: 409,
    code: '0132',
  });
  const url = `${base}/entities/segment/key/color`;
  expect((await api.delete(url)).status).toBe(204);
  expect(refusal(await api.delete(url))).toEqual({ status: 404, code: '0133' });
  expect(await inStore()).toEqual([]);
});

test.each([
  ['segment', { metadataKey: '7up' }, '0047'],
  ['segment', { metadataKey: "a'b" }, '0047'],
  ['segment', { metadataKey: 'x'.repeat(101) }, '0047'],
  ['segment', {}, '0009'],
  ['balance', { metadataKey: 'a' }, '0138'],
  ['idempotency_key', { metadataKey: 'a' }, '0138'],
])('%s with %j is refused', async (entity, body, code) => {
  expect(refusal(await create(entity, body))).toEqual({ status: 400, code });
});

test('paths that name no index', async () => {
  expect(refusal(await api.get(`${base}?entity_name=x`))).toEqual({ status: 400, code: '0138' });
  expect(refusal(await api.delete(`${base}/entities/x/key/a`))).toEqual({ status: 400, code: '0138' });
  expect(refusal(await api.delete(`${base}/entities/account/key/a%27b`))).toEqual({ status: 404, code: '0133' });
});

test('a unique index keeps values apart, among records that have the key', async () => {
  const make = (name: string, metadata?: object) => api.post(`${ledger}/segments`, { name, metadata });
  await must(create('segment', { metadataKey: 'badge', unique: true }));
  const first = await must(make('U1', { badge: 'a' }));
  await must(make('U2'));
  await must(make('U3'));
  const { status, body } = await make('U4', { badge: 'a' });
  expect({ status, ...body }).toMatchObject({ status: 400, code: '0047', errors: [{ location: 'metadata' }] });
  await api.delete(`${ledger}/segments/${first.id}`);
  await must(make('U5', { badge: 'a' }));
});

test('a value that is taken is a clear refusal wherever metadata is written', async () => {
  const books = await createBooks(api);
  const [organizations, ledgers] = ['/v1/organizations', `${books.organizationPath}/ledgers`];
  const at = books.ledgerPath;
  let made = 0;
  const name = () => {
    made += 1;
    return `N${made}`;
  };
  const code = () => name().replace(/\d/g, (digit) => 'ABCDEFGHIJ'.charAt(Number(digit)));
  const bodies: Record<string, [url: string, body: () => object]> = {
    organization: [organizations, () => ({ legalName: name(), legalDocument: '1' })],
    ledger: [ledgers, () => ({ name: name() })],
    asset: [`${at}/assets`, () => ({ name: name(), type: 'others', code: code() })],
    portfolio: [`${at}/portfolios`, () => ({ name: name() })],
    segment: [`${at}/segments`, () => ({ name: name() })],
    account: [`${at}/accounts`, () => ({ assetCode: 'USD', type: 'deposit', alias: `@${name()}` })],
    account_type: [`${at}/account-types`, () => ({ name: name(), keyValue: name() })],
    operation_route: [`${at}/operation-routes`, () => ({ title: name(), operationType: 'bidirectional' })],
    transaction_route: [`${at}/transaction-routes`, () => ({ title: name(), operationRoutes: [route.id] })],
  };
  const route = await must(api.post(`${at}/operation-routes`, { title: 'R', operationType: 'bidirectional' }));
  const clash = { status: 400, code: '0047' };
  for (const [entity, [url, body]] of Object.entries(bodies)) {
    await must(create(entity, { metadataKey: 'badge', unique: true }), entity);
    await must(api.post(url, { ...body(), metadata: { badge: 'taken' } }), entity);
    const { id } = await must(api.post(url, { ...body(), metadata: { badge: 'free' } }), entity);
    expect([entity, refusal(await api.post(url, { ...body(), metadata: { badge: 'taken' } }))]).toEqual([
      entity,
      clash,
    ]);
    expect([entity, refusal(await api.patch(`${url}/${id}`, { metadata: { badge: 'taken' } }))]).toEqual([
      entity,
      clash,
    ]);
    await must(api.patch(`${url}/${id}`, { metadata: { badge: 'also free' } }), entity);
  }
  // Of what is posted: a transaction and its two operations.
  for (const entity of ['transaction', 'operation']) await must(create(entity, { metadataKey: 'badge', unique: true }));
  const to = [{ accountAlias: '@x', amount: { asset: 'USD', value: '1' } }];
  await must(api.post(`${at}/accounts`, { assetCode: 'USD', type: 'deposit', alias: '@x' }));
  const { id, operations } = await must(
    api.post(`${at}/transactions/inflow`, {
      metadata: { badge: 'taken' },
      send: { asset: 'USD', value: '1', distribute: { to } },
    }),
  );
  const other = await must(
    api.post(`${at}/transactions/inflow`, { send: { asset: 'USD', value: '1', distribute: { to } } }),
  );
  expect(refusal(await api.patch(`${at}/transactions/${other.id}`, { metadata: { badge: 'taken' } }))).toEqual(clash);
  const [first, second] = operations.map((one: { id: string }) => `${at}/transactions/${id}/operations/${one.id}`);
  await must(api.patch(first, { metadata: { badge: 'taken' } }));
  expect(refusal(await api.patch(second, { metadata: { badge: 'taken' } }))).toEqual(clash);
  // An account that is made for a holder has its metadata, and so has the instrument.
  const holder = await must(
    api.post(`${books.organizationPath}/holders`, { type: 'NATURAL_PERSON', name: 'H', document: '1' }),
  );
  const composed = { assetCode: 'USD', type: 'deposit', metadata: { badge: 'taken' } };
  expect(refusal(await api.post(`${at}/holders/${holder.id}/accounts`, composed))).toEqual(clash);
});

test('values that are shared already are not made unique, and nothing is left behind', async () => {
  for (const name of ['S1', 'S2']) await must(api.post(`${ledger}/segments`, { name, metadata: { twin: 'x' } }));
  const { status, body } = await create('segment', { metadataKey: 'twin', unique: true });
  expect({ status, ...body }).toMatchObject({ status: 400, code: '0047', reason: 'DUPLICATE_VALUES' });
  expect(await inStore()).toEqual([]);
});

test('what an interrupted build left is replaced', async () => {
  await must(create('asset', { metadataKey: 'broken' }));
  const [{ name } = { name: '' }] = await inStore();
  await api.store.adminPool.query(`update pg_index set indisvalid = false where indexrelid = '"${name}"'::regclass`);
  expect(await must(api.get(base))).toEqual([]);
  expect((await create('asset', { metadataKey: 'broken' })).status).toBe(201);
  expect(await inStore()).toMatchObject([{ name, valid: true }]);
});

test('several at once are built one after the other, and writers go on', async () => {
  let done = false;
  const builds = Promise.all(
    ['account', 'operation', 'transaction', 'portfolio', 'ledger'].map((entity) =>
      create(entity, { metadataKey: 'k' }),
    ),
  ).finally(() => {
    done = true;
  });
  let written = 0;
  while (!done) {
    written += 1;
    await must(api.post(`${ledger}/portfolios`, { name: `P${written}`, metadata: { k: written } }));
  }
  expect((await builds).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  expect(written).toBeGreaterThan(0);
  expect((await must(api.get(base))).length).toBe(5);
});

test('an entity has ten at most', async () => {
  for (let key = 0; key < 10; key += 1) await must(create('organization', { metadataKey: `k${key}` }));
  expect(refusal(await create('organization', { metadataKey: 'k10' }))).toEqual({ status: 422, code: '0135' });
});
