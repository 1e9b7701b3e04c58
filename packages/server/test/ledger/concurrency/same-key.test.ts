import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Books, newPoster, openBooks, transfer } from '../posting/books.js';
import { withOtherProcess } from './two-processes.js';

let books: Books;
beforeAll(async () => {
  books = await openBooks();
  for (let i = 0; i < 8; i += 1) await books.addAccount(`@a${i}`, { available: '1000' });
});
afterAll(() => books.store.drop());

describe('one idempotency key at two processes at once', () => {
  it('is one transaction, whichever balances the two calls name', async () => {
    await withOtherProcess(books.store, async (other) => {
      const [here, there] = [newPoster(), newPoster()];
      for (let round = 0; round < 40; round += 1) {
        const idempotencyKey = `round-${round}`;
        // The same balances meet at the balance locks; different ones only at the key itself.
        const names = round % 2 === 0 ? ['@a0', '@a1', '@a0', '@a1'] : ['@a0', '@a1', '@a2', '@a3'];
        const pay = (from = '', to = '') => transfer(books, '1', [[from, '1']], [[to, '1']], { idempotencyKey });
        const noise = (i: number) =>
          transfer(books, '1', [[`@a${4 + (i % 4)}`, '1']], [[`@a${4 + ((i + 1) % 4)}`, '1']]);
        const [a, b] = await Promise.all([
          here.post(books.store.tenant, pay(names[0], names[1])),
          there.post(other, pay(names[2], names[3])),
          here.post(books.store.tenant, noise(round)),
          there.post(other, noise(round + 2)),
        ]);
        expect([a.replayed, b.replayed].sort()).toEqual([false, true]);
        expect(a.transaction.id).toBe(b.transaction.id);
        expect(a.operations).toEqual(b.operations);
      }
    });
    const { rows } = await books.store.adminPool.query(
      'select count(*) as total from idempotency_key join transaction on transaction.id = transaction_id',
    );
    expect(rows[0].total).toBe(40);
  });

  it('an expired key is taken over once', async () => {
    const later = () => new Date(Date.now() + 3_600_000);
    const first = await newPoster().post(
      books.store.tenant,
      transfer(books, '1', [['@a0', '1']], [['@a1', '1']], { idempotencyKey: 'old' }),
    );
    await withOtherProcess(books.store, async (other) => {
      const pay = (from: string, to: string) =>
        transfer(books, '1', [[from, '1']], [[to, '1']], { idempotencyKey: 'old' });
      const [a, b] = await Promise.all([
        newPoster({ now: later }).post(books.store.tenant, pay('@a0', '@a1')),
        newPoster({ now: later }).post(other, pay('@a2', '@a3')),
      ]);
      expect([a.replayed, b.replayed].sort()).toEqual([false, true]);
      expect(a.transaction.id).toBe(b.transaction.id);
      expect(a.transaction.id).not.toBe(first.transaction.id);
    });
  });

  it('50 commits and cancels of one hold give exactly one success, and a revert happens once', async () => {
    await withOtherProcess(books.store, async (other) => {
      const doors = [
        { poster: newPoster(), tenant: books.store.tenant },
        { poster: newPoster(), tenant: other },
      ];
      const hold = await newPoster().post(
        books.store.tenant,
        transfer(books, '5', [['@a0', '5']], [['@a1', '5']], { kind: 'hold' }),
      );
      const { organizationId, ledgerId } = books;
      const race = async (kinds: readonly ('commit' | 'cancel' | 'revert')[], transactionId: string) => {
        const results = await Promise.allSettled(
          Array.from({ length: 50 }, (_, i) => {
            const { poster, tenant } = doors[i % 2] as (typeof doors)[number];
            const kind = kinds[i % kinds.length] as (typeof kinds)[number];
            return poster.post(tenant, { kind, organizationId, ledgerId, transactionId });
          }),
        );
        return results.filter((result) => result.status === 'fulfilled');
      };
      const ended = await race(['commit', 'cancel', 'commit'], hold.transaction.id);
      expect(ended).toHaveLength(1);
      const direct = await newPoster().post(books.store.tenant, transfer(books, '5', [['@a0', '5']], [['@a1', '5']]));
      expect(await race(['revert'], direct.transaction.id)).toHaveLength(1);
    });
  });
});
