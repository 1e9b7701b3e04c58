import { type CreateCommand, decimal, LedgerError, type Leg, type LegShare } from '@cofferdam/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Books, newPoster, openBooks, transfer } from './books.js';

let books: Books;
const poster = newPoster();
beforeAll(async () => {
  books = await openBooks();
  await books.addAccount('@external/USD');
  for (const alias of ['@a', '@b', '@c']) await books.addAccount(alias, { available: '100' });
  await books.addAccount('@debt', { direction: 'debit', available: '100' });
  await books.addAccount('@eur', { assetCode: 'EUR', available: '100' });
  await books.addAccount('@mute', { allowSending: false, available: '100' });
});
afterAll(() => books.store.drop());

const aliases = ['@external/USD', '@a', '@b', '@c', '@debt', '@eur', '@mute', '@nobody'];
const anyShare: fc.Arbitrary<LegShare> = fc.oneof(
  fc
    .integer({ min: 1, max: 60 })
    .map((percentage) => ({ kind: 'share' as const, percentage, percentageOfPercentage: 100 })),
  fc.bigInt({ min: -2n, max: 6000n }).map((c) => ({ kind: 'amount' as const, value: decimal(c, 2) })),
);
const anyLegs = fc
  .tuple(fc.array(fc.tuple(fc.constantFrom(...aliases), anyShare), { maxLength: 2 }), fc.constantFrom(...aliases))
  .map(([legs, last]): Leg[] =>
    [...legs, [last, { kind: 'remaining' }] as const].map(([accountAlias, share]) => ({
      accountAlias,
      balanceKey: 'default',
      share,
      notes: {},
    })),
  );
const anyCommand = fc.record({
  kind: fc.constantFrom<CreateCommand['kind']>('direct', 'hold', 'annotation', 'block'),
  value: fc.bigInt({ min: -1n, max: 9000n }).map((c) => decimal(c, 2)),
  source: anyLegs,
  destination: anyLegs,
});

describe('whatever is asked', () => {
  it('a refusal leaves every table as it was, and what is accepted balances per asset', async () => {
    let [accepted, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(anyCommand, fc.boolean(), async (order, withKey) => {
        const before = await books.snapshot();
        const key = withKey ? { idempotencyKey: `k${accepted + refused}` } : {};
        const posting = transfer(books, '1', [], [], key);
        try {
          const posted = await poster.post(books.store.tenant, {
            ...posting,
            command: { ...posting.command, ...order },
          });
          accepted += 1;
          expect(await books.snapshot()).not.toBe(before);
          const { rows } = await books.store.adminPool.query(
            `select asset_code, sum(case direction when 'debit' then amount else -amount end) as net
             from operation where transaction_id = $1 group by 1`,
            [posted.transaction.id],
          );
          if (order.kind !== 'hold') for (const row of rows) expect(Number(row.net)).toBe(0);
        } catch (error) {
          if (!(error instanceof LedgerError)) throw error;
          refused += 1;
          expect(await books.snapshot()).toBe(before);
        }
      }),
      { numRuns: 150 },
    );
    expect(accepted).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(5);
  });

  it('a refused member of a batch leaves no trace beside the accepted ones', async () => {
    const good = transfer(books, '0.01', [['@external/USD', '0.01']], [['@a', '0.01']]);
    const bad = transfer(books, '1', [['@a', '1']], [['@nobody', '1']], { idempotencyKey: 'bad' });
    const count = async (table: string) =>
      (await books.store.adminPool.query(`select count(*) as n from ${table}`)).rows[0].n;
    const tables = ['transaction', 'operation', 'outbox', 'idempotency_key'];
    const before = await Promise.all(tables.map(count));
    const entries = await poster.postEach(books.store.tenant, [good, bad, good, bad, good]);
    expect(entries.map((entry) => 'posted' in entry)).toEqual([true, false, true, false, true]);
    const after = await Promise.all(tables.map(count));
    expect(after.map((n, i) => n - before[i])).toEqual([3, 6, 3, 0]);
  });
});
