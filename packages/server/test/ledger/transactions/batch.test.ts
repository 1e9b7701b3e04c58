import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, json, leg, openTransactionApi, type TransactionApi } from './transaction-api.js';

let api: TransactionApi;
beforeAll(async () => {
  api = await openTransactionApi();
  await api.books.addAccount('@a', { available: '1000' });
  await api.books.addAccount('@b');
  await api.books.addAccount('@c');
});
afterAll(() => api.close());

const pay = (value: string, more = {}) => json(value, [leg('@a', value)], [leg('@b', value)], more);
const shape = (results: { index: number; status: number; error?: { code: string } }[]) =>
  results.map(({ index, status, error }) => [index, status, error?.code]);

describe('batch posting', () => {
  it('answers each entry in the order sent; equal entries are all posted, a repeated key replays its first use', async () => {
    const answer = await api.post('transactions/batch', {
      transactions: [
        pay('1'),
        pay('1'),
        pay('5000'),
        pay('2', { idempotencyKey: 'same' }),
        pay('3', { idempotencyKey: 'same' }),
        { ...pay('1'), surprise: 1 },
        pay('4', { pending: true }),
      ],
    });
    expect(answer.status).toBe(200);
    expect(shape(answer.body.results)).toEqual([
      [0, 201, undefined],
      [1, 201, undefined],
      [2, 422, '0018'],
      [3, 201, undefined],
      [4, 201, undefined],
      [5, 400, '0053'],
      [6, 201, undefined],
    ]);
    expect(answer.body).toMatchObject({ succeeded: 5, failed: 2 });
    const [first, second, , keyed, twin, , held] = answer.body.results;
    expect(first.transaction.status.code).toBe('CREATED');
    expect(first.transaction.id).not.toBe(second.transaction.id);
    expect(twin.transaction).toEqual(keyed.transaction);
    expect(held.transaction.status.code).toBe('PENDING');
    expect(await api.books.balance('@b')).toMatchObject({ available: '4' });
  });

  it('sees what the entries before it did', async () => {
    const chain = {
      transactions: [json('7', [leg('@a', '7')], [leg('@c', '7')]), json('7', [leg('@c', '7')], [leg('@b', '7')])],
    };
    expect((await api.post('transactions/batch', chain)).body).toMatchObject({ succeeded: 2, failed: 0 });
  });

  it('atomic: all or nothing, and the first error is the answer', async () => {
    const before = await api.books.snapshot();
    const refused = await api.post('transactions/batch', {
      atomic: true,
      transactions: [pay('1', { idempotencyKey: 'gone' }), pay('100000'), pay('1')],
    });
    expect(codes(refused)).toBe('422/0018');
    expect(codes(await api.post('transactions/batch', { atomic: true, transactions: [pay('1'), { send: 1 }] }))).toBe(
      '400/0094',
    );
    expect(await api.books.snapshot()).toBe(before);
    const posted = await api.post('transactions/batch', { atomic: true, transactions: [pay('1'), pay('1')] });
    expect(posted.body).toMatchObject({ succeeded: 2, failed: 0 });
  });

  it('is covered as a whole by X-Idempotency', async () => {
    for (const atomic of [false, true]) {
      const send = () =>
        api.post(
          'transactions/batch',
          { atomic, transactions: [pay('1'), pay('1')] },
          { 'x-idempotency': `b-${atomic}` },
        );
      const first = await send();
      const before = await api.books.snapshot();
      expect((await send()).text).toBe(first.text);
      expect(await api.books.snapshot()).toBe(before);
    }
  });

  it('takes 1 to 1,000 entries and limits of their own for each', async () => {
    expect(codes(await api.post('transactions/batch', { transactions: [] }))).toBe('400/0047');
    expect(codes(await api.post('transactions/batch', { transactions: Array(1001).fill(pay('0.001')) }))).toBe(
      '400/0047',
    );
    const metadata = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`k${i}`, 'v'.repeat(30)]));
    const many = { transactions: Array(1000).fill(pay('0.001', { metadata })) };
    expect(JSON.stringify(many).length).toBeGreaterThan(3_000_000);
    const answer = await api.post('transactions/batch', many);
    expect(answer.body).toMatchObject({ succeeded: 1000, failed: 0 });
    expect(codes(await api.post('transactions/json', pay('1', { metadata: { a: 'x'.repeat(1_100_000) } })))).toBe(
      '413/0143',
    );
  });
});
