import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
beforeAll(async () => {
  api = await createLedgerApi();
});
afterAll(() => api.close());

const minimal = { legalName: 'Acme', legalDocument: '123' };
const unknownId = '019c96a0-0000-7000-8000-00000000dead';
const create = (more: object = {}) => must(api.post('/v1/organizations', { ...minimal, ...more }));
const events = async (id: string) =>
  (await api.store.adminPool.query('select event from outbox where record_id = $1 order by position', [id])).rows.map(
    (row) => row.event,
  );

describe('create', () => {
  test('answers 201 with every member of the contract', async () => {
    const address = { line1: '1 Rd', zipCode: '1', city: 'X', state: 'NY', country: 'US' };
    const { status, body } = await api.post('/v1/organizations', { ...minimal, address });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      parentOrganizationId: null,
      legalName: 'Acme',
      doingBusinessAs: null,
      legalDocument: '123',
      address,
      status: { code: 'ACTIVE', description: null },
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      updatedAt: body.createdAt,
      deletedAt: null,
    });
    expect(await api.get(`/v1/organizations/${body.id}`)).toMatchObject({ status: 200, body });
    expect(await events(body.id)).toEqual(['organization.created']);
  });

  test('takes a bare string as status, keeps a description without a code, and metadata with exact numbers', async () => {
    expect((await create({ status: 'INACTIVE' })).status).toEqual({ code: 'INACTIVE', description: null });
    expect((await create({ status: { description: 'new' } })).status).toEqual({ code: 'ACTIVE', description: 'new' });
    const exact = '{"legalName":"A","legalDocument":"1","metadata":{"n":12345678901234567890.123456789,"b":true}}';
    const { text, body } = await api.call('POST', '/v1/organizations', exact);
    expect(text).toContain('12345678901234567890.123456789');
    expect((await api.get(`/v1/organizations/${body.id}`)).text).toContain('12345678901234567890.123456789');
  });

  test.each([
    ['a missing member', { legalName: 'Acme' }, 400, '0009'],
    ['an empty required member', { legalName: '', legalDocument: '1' }, 400, '0009'],
    ['an unknown member, before a missing one', { legalName: 'Acme', colour: 'red' }, 400, '0053'],
    ['a name too long', { ...minimal, legalName: 'x'.repeat(257) }, 400, '0047'],
    ['a number for a text', { ...minimal, legalName: 1 }, 400, '0094'],
    ['an empty parent', { ...minimal, parentOrganizationId: '' }, 400, '0047'],
    ['an unknown parent', { ...minimal, parentOrganizationId: unknownId }, 404, '0039'],
    ['an address without country', { ...minimal, address: { city: 'X' } }, 400, '0032'],
    ['a country in lower case', { ...minimal, address: { country: 'us' } }, 400, '0032'],
    ['a nested metadata value', { ...minimal, metadata: { a: { b: 1 } } }, 400, '0067'],
    ['a null metadata value', { ...minimal, metadata: { a: null } }, 400, '0067'],
    ['a metadata list', { ...minimal, metadata: { a: [1] } }, 400, '0051'],
    ['a metadata key too long', { ...minimal, metadata: { ['k'.repeat(101)]: 1 } }, 400, '0050'],
    ['a metadata value too long', { ...minimal, metadata: { a: 'v'.repeat(2001) } }, 400, '0051'],
    ['a U+0000', { ...minimal, legalName: 'a\0b' }, 400, '0047'],
    ['no object', '[]', 400, '0094'],
    ['no JSON', '{', 400, '0094'],
  ])('refuses %s', async (_, body, status, code) => {
    const before = (await api.head('/v1/organizations/metrics/count')).headers['x-total-count'];
    expect(refusal(await api.post('/v1/organizations', body))).toEqual({ status, code });
    expect((await api.head('/v1/organizations/metrics/count')).headers['x-total-count']).toBe(before);
  });
});

describe('change', () => {
  test('merges metadata key by key, null removes a key, null as a whole empties', async () => {
    const { id } = await create({ metadata: { a: 'x', b: 'y', constructor: 'c' } });
    const patch = (metadata: unknown) => must(api.patch(`/v1/organizations/${id}`, { metadata }));
    expect((await patch({ b: null, d: 1 })).metadata).toEqual({ a: 'x', constructor: 'c', d: 1 });
    expect((await must(api.patch(`/v1/organizations/${id}`, {}))).metadata).toEqual({ a: 'x', constructor: 'c', d: 1 });
    expect(await patch(null)).not.toHaveProperty('metadata');
    const own = await must(api.call('PATCH', `/v1/organizations/${id}`, '{"metadata":{"__proto__":"kept"}}'));
    expect(Object.entries(own.metadata)).toEqual([['__proto__', 'kept']]);
    expect(await events(id)).toEqual(['organization.created', ...Array(4).fill('organization.updated')]);
  });

  test('leaves alone what is null, empty or left out, and replaces status and address as a whole', async () => {
    const organization = await create({
      doingBusinessAs: 'A',
      address: { line1: '1', country: 'US' },
      status: { code: 'PENDING', description: 'checks' },
    });
    const url = `/v1/organizations/${organization.id}`;
    const same = await must(
      api.patch(url, { legalName: '', doingBusinessAs: null, parentOrganizationId: null, address: {}, status: {} }),
    );
    expect(same).toEqual({ ...organization, updatedAt: same.updatedAt });
    const changed = await must(
      api.patch(url, { legalName: 'B', address: { country: 'BR' }, status: { code: 'ACTIVE' } }),
    );
    expect(changed).toMatchObject({
      legalName: 'B',
      address: { country: 'BR' },
      status: { code: 'ACTIVE', description: null },
    });
    expect((await must(api.patch(url, { status: { description: 'why' } }))).status).toEqual({
      code: 'ACTIVE',
      description: 'why',
    });
  });

  test('refuses legalDocument, itself as parent, an unknown parent and an unknown id', async () => {
    const { id } = await create();
    const url = `/v1/organizations/${id}`;
    expect(refusal(await api.patch(url, { legalDocument: '9' }))).toEqual({ status: 400, code: '0053' });
    expect(refusal(await api.patch(url, { parentOrganizationId: id }))).toEqual({ status: 422, code: '0091' });
    expect(refusal(await api.patch(url, { parentOrganizationId: unknownId }))).toEqual({ status: 404, code: '0039' });
    expect(refusal(await api.patch(`/v1/organizations/${unknownId}`, {}))).toEqual({ status: 404, code: '0007' });
    const parent = await create();
    expect(await must(api.patch(url, { parentOrganizationId: parent.id }))).toMatchObject({
      parentOrganizationId: parent.id,
    });
  });
});

test('delete hides the record everywhere, in the words of an unknown id', async () => {
  const count = async () => Number((await api.head('/v1/organizations/metrics/count')).headers['x-total-count']);
  const before = await count();
  const { id } = await create({ legalName: 'Gone soon' });
  expect(await count()).toBe(before + 1);
  const deleted = await api.delete(`/v1/organizations/${id}`);
  expect(deleted).toMatchObject({ status: 204, text: '' });
  expect(await count()).toBe(before);
  const unknown = await api.get(`/v1/organizations/${unknownId}`);
  expect(unknown.body).toMatchObject({
    status: 404,
    code: '0007',
    title: 'Entity Not Found',
    entityType: 'Organization',
  });
  const gone = await api.get(`/v1/organizations/${id}`);
  expect(gone.text).toBe(unknown.text);
  expect((await api.delete(`/v1/organizations/${id}`)).text).toBe(unknown.text);
  expect((await api.patch(`/v1/organizations/${id}`, {})).text).toBe(unknown.text);
  expect((await must(api.get('/v1/organizations?legal_name=gone'))).items).toEqual([]);
  expect(await events(id)).toEqual(['organization.created', 'organization.deleted']);
});

test('deleting is refused in production', async () => {
  const production = await createLedgerApi({ production: true });
  try {
    const { id } = await must(production.post('/v1/organizations', minimal));
    expect(refusal(await production.delete(`/v1/organizations/${id}`))).toEqual({ status: 422, code: '0008' });
    expect((await production.get(`/v1/organizations/${id}`)).status).toBe(200);
  } finally {
    await production.close();
  }
});

test('count answers 204 with the number in a header and no body', async () => {
  const { status, headers, text } = await api.head('/v1/organizations/metrics/count');
  expect({ status, text, length: headers['content-length'] }).toEqual({ status: 204, text: '', length: '0' });
  expect(headers['x-total-count']).toMatch(/^\d+$/);
});

describe('list', () => {
  let own: LedgerApi;
  const ids: string[] = [];
  beforeAll(async () => {
    own = await createLedgerApi();
    const given = [
      { legalName: '100% Juice', legalDocument: 'd0', doingBusinessAs: 'Juice' },
      { legalName: '100x Juice', legalDocument: 'd1', metadata: { color: 'blue', size: 5 } },
      { legalName: 'acme_one', legalDocument: 'd2', status: 'INACTIVE' },
      { legalName: 'AcmeXone', legalDocument: 'd3', metadata: { color: 'red', ok: true } },
    ];
    for (const body of given) ids.push((await must(own.post('/v1/organizations', body))).id);
  });
  afterAll(() => own.close());
  const list = async (query: string) =>
    (await must(own.get(`/v1/organizations?${query}`))).items.map(({ id }: { id: string }) => ids.indexOf(id));

  test('pages by number, in the order of creation or its reverse, with page and limit and no total', async () => {
    expect(await must(own.get('/v1/organizations?limit=3&page=2'))).toEqual({
      items: [expect.objectContaining({ id: ids[3] })],
      page: 2,
      limit: 3,
    });
    expect(await must(own.get('/v1/organizations'))).toMatchObject({ page: 1, limit: 10 });
    expect(await list('')).toEqual([0, 1, 2, 3]);
    expect(await list('sort_order=DESC&limit=2')).toEqual([3, 2]);
    expect(await list('page=9')).toEqual([]);
  });

  test('filters by prefix without case, where % and _ are plain characters', async () => {
    expect(await list('legal_name=100%25')).toEqual([0]);
    expect(await list('legal_name=ACME_')).toEqual([2]);
    expect(await list('legal_name=acme')).toEqual([2, 3]);
    expect(await list('legal_name=one')).toEqual([]);
    expect(await list('doing_business_as=juice')).toEqual([0]);
    expect(await list('legal_document=d3')).toEqual([3]);
    expect(await list('legal_document=d')).toEqual([]);
    expect(await list('status=inactive')).toEqual([2]);
    expect(await list('limit=1&limit=2')).toEqual([0, 1]);
    expect(await list('offset=3&sortBy=name&unknown=1')).toEqual([0, 1, 2, 3]);
  });

  test('filters by one metadata value as text; no match at all is 404, a page past the end is empty', async () => {
    expect(await list('metadata.color=blue')).toEqual([1]);
    expect(await list('metadata.size=5')).toEqual([1]);
    expect(await list('metadata.ok=true')).toEqual([3]);
    expect(await list('metadata.color=blue&page=2')).toEqual([]);
    expect(refusal(await own.get('/v1/organizations?metadata.color=green'))).toEqual({ status: 404, code: '0059' });
    expect(refusal(await own.get('/v1/organizations?metadata.color=blue&legal_name=1'))).toEqual({
      status: 400,
      code: '0082',
    });
  });

  test('filters by creation, both ends included', async () => {
    const today = new Date().toISOString().slice(0, 10);
    expect(await list(`start_date=${today}&end_date=${today}`)).toEqual([0, 1, 2, 3]);
    expect(await list('start_date=2020-01-01&end_date=2020-12-31')).toEqual([]);
  });

  test.each([
    ['limit=0', '0082'],
    ['limit=x', '0082'],
    ['limit=101', '0080'],
    ['page=0', '0082'],
    ['sort_order=up', '0081'],
    ['status=BLOCKED', '0082'],
    ['start_date=2026-01-01', '0083'],
    ['start_date=x&end_date=2026-01-01', '0131'],
    ['start_date=2026-01-02&end_date=2026-01-01', '0078'],
    ['legal_name=%00', '0065'],
    ['metadata.a=%00', '0065'],
  ])('refuses ?%s with %s', async (query, code) => {
    expect(refusal(await own.get(`/v1/organizations?${query}`))).toEqual({ status: 400, code });
  });
});

test('path parameters must be UUIDs, in any letter case and with or without dashes', async () => {
  const { id } = await create();
  expect(refusal(await api.get('/v1/organizations/7'))).toEqual({ status: 400, code: '0065' });
  expect((await api.get(`/v1/organizations/${id.toUpperCase()}`)).body.id).toBe(id);
  expect((await api.get(`/v1/organizations/${id.replaceAll('-', '')}`)).body.id).toBe(id);
});
