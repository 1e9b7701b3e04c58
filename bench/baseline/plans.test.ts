import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Books, openBooks, transfer } from '../../packages/server/test/ledger/posting/books.js';
import { Gate } from './gate.js';
import { createLockPerTransactionPoster } from './lock-per-transaction.js';

let books: Books;
beforeAll(async () => {
  books = await openBooks({ max: 1 });
  await books.addAccount('@a', { available: '1000' });
  for (let i = 0; i < 100; i += 1) await books.addAccount(`@${i}`);
});
afterAll(() => books.store.drop());

it('the baseline passes over no table that Cofferdam looks up by index', async () => {
  const { tenant, adminPool } = books.store;
  const clock = { now: () => new Date(), newId: () => newId(), log: { warn() {}, error() {} } };
  const poster = createLockPerTransactionPoster(clock, { gate: new Gate(1), ownStatements: false });
  for (let i = 0; i < 12; i += 1)
    await poster.post(tenant, transfer(books, '1', [['@a', '1']], [[`@${i}`, '1']], { idempotencyKey: `k${i}` }));
  await tenant.pool.pg.query('select pg_stat_force_next_flush()');
  const { rows } = await adminPool.query(
    `select relname, idx_scan > 0 as used from pg_stat_user_tables
     where relname in ('balance', 'idempotency_key', 'ledger', 'organization') and seq_scan = 0 order by relname`,
  );
  expect(rows).toEqual(
    ['balance', 'idempotency_key', 'ledger', 'organization'].map((relname) => ({ relname, used: true })),
  );
});
