import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from './ledger-api.js';

const unknownId = '019c96a0-0000-7000-8000-00000000dead';

/** What segments and portfolios have in common: records of a ledger that have a name (ledger-api §4.6). */
export function namedRecordSuite(record: {
  /** Of the URL: `segments`. */
  readonly path: string;
  /** In refusals: `Segment`. */
  readonly entityType: string;
  /** In the outbox: `segment`. */
  readonly event: string;
  /** Code of a metadata filter that nothing matches. */
  readonly noneFound: string;
}) {
  let api: LedgerApi;
  let organization: string;
  let ledger: string;
  beforeAll(async () => {
    api = await createLedgerApi();
    ({ ledgerPath: ledger, organizationPath: organization } = await createBooks(api));
  });
  afterAll(() => api.close());

  let ledgers = 0;
  /** The URL of the collection in a ledger of its own. */
  const freshCollection = async () => {
    ledgers += 1;
    const { id } = await must(api.post(`${organization}/ledgers`, { name: `Fresh ${ledgers}` }));
    return `${organization}/ledgers/${id}/${record.path}`;
  };
  const collection = () => `${ledger}/${record.path}`;

  test('create, read, change, delete', async () => {
    const { status, body } = await api.post(collection(), { name: 'Retail', metadata: { a: 1 } });
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
    const url = `${collection()}/${body.id}`;
    expect((await api.get(url)).body).toEqual(body);
    expect(await must(api.patch(url, { name: 'New', metadata: { a: null, b: true } }))).toMatchObject({
      name: 'New',
      metadata: { b: true },
    });
    expect((await api.delete(url)).status).toBe(204);
    const unknown = await api.get(`${collection()}/${unknownId}`);
    expect(unknown.body).toMatchObject({ status: 404, code: '0007', entityType: record.entityType });
    for (const answer of [await api.get(url), await api.patch(url, {}), await api.delete(url)])
      expect(answer.text).toBe(unknown.text);
    const { rows } = await api.store.adminPool.query(
      'select event from outbox where record_id = $1 order by position',
      [body.id],
    );
    expect(rows.map(({ event }) => event)).toEqual(
      ['created', 'updated', 'deleted'].map((what) => `${record.event}.${what}`),
    );
  });

  test('create refuses an unknown ledger, a missing name and an unknown member', async () => {
    const foreign = await must(api.post('/v1/organizations', { legalName: 'B', legalDocument: '2' }));
    for (const path of [
      `${organization}/ledgers/${unknownId}`,
      `/v1/organizations/${foreign.id}/ledgers/${ledger.split('/').at(-1)}`,
    ])
      expect(refusal(await api.post(`${path}/${record.path}`, { name: 'X' }))).toEqual({ status: 404, code: '0037' });
    expect(refusal(await api.post(collection(), {}))).toEqual({ status: 400, code: '0009' });
    expect(refusal(await api.post(collection(), { name: 'X', colour: 'red' }))).toEqual({ status: 400, code: '0053' });
  });

  test('one of another ledger is not found', async () => {
    const { id } = await must(api.post(await freshCollection(), { name: 'Foreign' }));
    const unknown = await api.get(`${collection()}/${unknownId}`);
    expect((await api.get(`${collection()}/${id}`)).text).toBe(unknown.text);
  });

  test('list and count', async () => {
    const path = await freshCollection();
    for (const name of ['One', 'Two', 'Three']) await must(api.post(path, { name, metadata: { name } }));
    const names = async (query: string) =>
      (await must(api.get(`${path}?${query}`))).items.map(({ name }: { name: string }) => name);
    expect(await names('')).toEqual(['One', 'Two', 'Three']);
    expect(await names('limit=2&page=2&sort_order=desc')).toEqual(['One']);
    expect(await names('metadata.name=Two')).toEqual(['Two']);
    expect(refusal(await api.get(`${path}?metadata.name=Four`))).toEqual({ status: 404, code: record.noneFound });
    expect((await api.head(`${path}/metrics/count`)).headers['x-total-count']).toBe('3');
    expect(await must(api.get(`${organization}/ledgers/${unknownId}/${record.path}`))).toEqual({
      items: [],
      page: 1,
      limit: 10,
    });
  });

  return { api: () => api, freshCollection };
}
