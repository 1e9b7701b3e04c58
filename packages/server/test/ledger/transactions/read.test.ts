import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, json, leg, openTransactionApi, type TransactionApi } from './transaction-api.js';

let api: TransactionApi;
const ids: string[] = [];
beforeAll(async () => {
  api = await openTransactionApi({ implicitIdempotency: false });
  await api.books.addAccount('@a', { available: '1000' });
  for (let i = 0; i < 12; i += 1) await api.books.addAccount(`@b${i}`);
  for (let i = 0; i < 5; i += 1) {
    const more = { metadata: { n: i, color: i % 2 ? 'red' : 'blue' }, route: i === 4 ? 'r' : '' };
    ids.push((await api.post('transactions/json', json('1', [leg('@a', '1')], [leg('@b0', '1')], more))).body.id);
  }
  const old = json('1', [leg('@a', '1')], [leg('@b0', '1')], { transactionDate: '2020-05-05T12:00:00Z' });
  ids.push((await api.post('transactions/json', old)).body.id);
});
afterAll(() => api.close());

const listed = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map((item) => ids.indexOf(item.id));

describe('reading transactions', () => {
  it('pages by cursor, with operations', async () => {
    const first = await api.get('transactions?limit=2');
    expect(listed(first)).toEqual([0, 1]);
    expect(first.body.items[0].operations).toHaveLength(2);
    expect(first.body.items[0]).toMatchObject({ source: ['@a'], destination: ['@b0'], status: { code: 'APPROVED' } });
    expect(first.body.limit).toBe(2);
    expect(first.body).not.toHaveProperty('prev_cursor');
    expect(first.body.meta.nextCursor).toBe(first.body.next_cursor);
    const second = await api.get(`transactions?limit=2&cursor=${encodeURIComponent(first.body.next_cursor)}`);
    expect(listed(second)).toEqual([2, 3]);
    const third = await api.get(`transactions?limit=2&cursor=${encodeURIComponent(second.body.next_cursor)}`);
    expect(listed(third)).toEqual([4]);
    expect(third.body).not.toHaveProperty('next_cursor');
    const back = await api.get(`transactions?limit=2&cursor=${encodeURIComponent(third.body.prev_cursor)}`);
    expect(listed(back)).toEqual([2, 3]);
    expect(listed(await api.get('transactions?limit=3&sort_order=DESC'))).toEqual([4, 3, 2]);
  });

  it('shows the last months by default and any window when asked', async () => {
    expect(listed(await api.get('transactions'))).toEqual([0, 1, 2, 3, 4]);
    expect(listed(await api.get('transactions?start_date=2020-05-05&end_date=2020-05-05'))).toEqual([5]);
    expect(listed(await api.get('transactions?start_date=2019-05-05&end_date=2019-05-05'))).toEqual([]);
    expect(codes(await api.get('transactions?start_date=2020-05-05'))).toBe('400/0083');
    expect(codes(await api.get('transactions?limit=101'))).toBe('400/0080');
    expect(codes(await api.get('transactions?cursor=!'))).toBe('400/0082');
  });

  it('filters by one metadata value; a value that nobody has is 404', async () => {
    expect(listed(await api.get('transactions?metadata.color=red'))).toEqual([1, 3]);
    expect(listed(await api.get('transactions?metadata.n=4'))).toEqual([4]);
    expect(codes(await api.get('transactions?metadata.color=green'))).toBe('404/0071');
  });

  it('is empty, not missing, in an unknown ledger', async () => {
    const elsewhere = api.ledgerPath.replace(api.books.ledgerId, api.books.organizationId);
    expect((await api.get(`${elsewhere}/transactions`)).body).toMatchObject({ items: [], limit: 10 });
    const missing = await api.get(`${elsewhere}/transactions/${ids[0]}`);
    expect(codes(missing)).toBe('404/0007');
    expect(missing.body).toEqual((await api.get(`transactions/${api.books.ledgerId}`)).body);
  });

  it('counts today by default, by status and by route', async () => {
    const count = async (query: string) => {
      const answer = await api.call('HEAD', `transactions/metrics/count${query}`);
      return answer.status === 204 ? answer.headers['x-total-count'] : `${answer.status}`;
    };
    expect(await count('')).toBe('5');
    expect(await count('?status=APPROVED')).toBe('5');
    expect(await count('?status=CREATED')).toBe('0');
    expect(await count('?status=PENDING')).toBe('0');
    expect(await count('?route=r')).toBe('1');
    expect(await count('?start_date=2020-05-05T00:00:00Z&end_date=2020-05-05T23:59:59Z')).toBe('1');
    for (const wrong of ['?status=DONE', '?start_date=2020-05-05', '?start_date=2030-01-01T00:00:00Z'])
      expect(await count(wrong), wrong).toBe('400');
  });

  it('pages the operations of one transaction', async () => {
    const to = Array.from({ length: 12 }, (_, i) => leg(`@b${i}`, '1'));
    const big = await api.post('transactions/json', json('12', [leg('@a', '12')], to));
    expect(big.body.operations).toHaveLength(13);
    const all: string[] = big.body.operations.map((o: { id: string }) => o.id);
    const read = async (query = '') => {
      const { body } = await api.get(`transactions/${big.body.id}${query}`);
      expect(body.destination).toHaveLength(12);
      return body.operations.map((o: { id: string }) => all.indexOf(o.id));
    };
    expect(await read()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await read('?limit=2&sort_order=desc')).toEqual([12, 11]);
    const cursor = (direction: string, index: number) =>
      encodeURIComponent(Buffer.from(JSON.stringify({ id: all[index], direction })).toString('base64'));
    expect(await read(`?limit=2&cursor=${cursor('next', 9)}`)).toEqual([10, 11]);
    expect(await read(`?limit=2&cursor=${cursor('prev', 5)}`)).toEqual([3, 4]);
    expect(await read(`?limit=2&sort_order=desc&cursor=${cursor('prev', 5)}`)).toEqual([7, 6]);
  });
});

describe('changing texts', () => {
  it('merges metadata, keeps what is not named, and answers without legs', async () => {
    const id = ids[0];
    const patched = await api.patch(`transactions/${id}`, { metadata: { n: null, extra: 'x' } });
    expect(patched.status).toBe(200);
    expect(patched.body).toMatchObject({
      id,
      metadata: { color: 'blue', extra: 'x' },
      source: null,
      destination: null,
      operations: null,
      status: { code: 'APPROVED' },
    });
    expect((await api.patch(`transactions/${id}`, { description: 'new' })).body).toMatchObject({
      description: 'new',
      metadata: { color: 'blue', extra: 'x' },
    });
    expect((await api.patch(`transactions/${id}`, { metadata: null })).body).not.toHaveProperty('metadata');
    expect((await api.get(`transactions/${id}`)).body).toMatchObject({ description: 'new', amount: '1' });
    expect(codes(await api.patch(`transactions/${id}`, { amount: '2' }))).toBe('400/0053');
    expect(codes(await api.patch(`transactions/${id}`, { description: 'x'.repeat(257) }))).toBe('400/0047');
    expect(codes(await api.patch(`transactions/${api.books.ledgerId}`, {}))).toBe('404/0007');
  });
});
