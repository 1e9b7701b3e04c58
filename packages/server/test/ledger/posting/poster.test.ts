import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Books, codeOf, newPoster, openBooks, transfer } from './books.js';

let books: Books;
const poster = newPoster();

beforeAll(async () => {
  books = await openBooks();
  await books.addAccount('@external/USD');
  for (const alias of ['@alice', '@bob', '@carol']) await books.addAccount(alias);
});
afterAll(() => books.store.drop());

const post = (...order: Parameters<typeof transfer> extends [unknown, ...infer Rest] ? Rest : never) =>
  poster.post(books.store.tenant, transfer(books, ...order));

describe('posting', () => {
  it('writes balances, operations, transaction, key and outbox in one commit', async () => {
    const posted = await post('100', [['@external/USD', '100']], [['@alice', '100']], { idempotencyKey: 'first' });
    expect(posted.replayed).toBe(false);
    expect(posted.transaction).toMatchObject({ status: 'APPROVED', amount: '100', asset_code: 'USD' });
    expect(posted.operations.map((o) => [o.account_alias, o.type, o.available_before, o.available_after])).toEqual([
      ['@alice', 'CREDIT', '0', '100'],
      ['@external/USD', 'DEBIT', '0', '100'],
    ]);
    expect(await books.balance('@alice')).toEqual({ available: '100', on_hold: '0', version: 1 });
    expect(await books.balance('@external/USD')).toEqual({ available: '100', on_hold: '0', version: 1 });
    const { rows } = await books.store.adminPool.query('select event, record_id from outbox');
    expect(rows).toEqual([{ event: 'transaction.posted', record_id: posted.transaction.id }]);
    const stored = await books.store.adminPool.query('select * from operation where transaction_id = $1 order by id', [
      posted.transaction.id,
    ]);
    expect(stored.rows).toEqual(posted.operations);
    const transaction = await books.store.adminPool.query('select * from transaction where id = $1', [
      posted.transaction.id,
    ]);
    expect(transaction.rows[0]).toEqual(posted.transaction);
  });

  it('holds, commits, cancels and reverts', async () => {
    const { tenant } = books.store;
    const before = await books.balance('@alice');
    const hold = await post('40', [['@alice', '40']], [['@bob', '40']], { kind: 'hold' });
    expect(hold.transaction.status).toBe('PENDING');
    expect(await books.balance('@alice')).toMatchObject({ available: '60', on_hold: '40' });
    expect(await books.balance('@bob')).toEqual({ available: '0', on_hold: '0', version: 0 });
    const { organizationId, ledgerId } = books;
    const on = { organizationId, ledgerId, transactionId: hold.transaction.id };
    const commit = await poster.post(tenant, { kind: 'commit', ...on });
    expect(commit.transaction.status).toBe('APPROVED');
    expect(commit.operations.map((o) => [o.account_alias, o.type])).toEqual([
      ['@alice', 'DEBIT'],
      ['@bob', 'CREDIT'],
    ]);
    expect(await books.balance('@bob')).toMatchObject({ available: '40', version: 1 });
    expect(await codeOf(poster.post(tenant, { kind: 'commit', ...on }))).toBe('0486');
    expect(await codeOf(poster.post(tenant, { kind: 'cancel', ...on }))).toBe('0486');

    const revert = await poster.post(tenant, { kind: 'revert', ...on });
    expect(revert.transaction.parent_transaction_id).toBe(on.transactionId);
    expect(await books.balance('@alice')).toMatchObject({ available: before.available, on_hold: '0' });
    expect(await codeOf(poster.post(tenant, { kind: 'revert', ...on }))).toBe('0087');
    const again = { ...on, transactionId: revert.transaction.id };
    expect(await codeOf(poster.post(tenant, { kind: 'revert', ...again }))).toBe('0088');
    expect(await codeOf(poster.post(tenant, { kind: 'commit', ...again }))).toBe('0099');
    const unknown = { ...on, ledgerId: books.organizationId };
    for (const kind of ['commit', 'cancel', 'revert'] as const)
      expect(await codeOf(poster.post(tenant, { kind, ...unknown }))).toBe('0007');

    const second = await post('10', [['@alice', '10']], [['@bob', '10']], { kind: 'hold' });
    const cancel = await poster.post(tenant, { kind: 'cancel', ...on, transactionId: second.transaction.id });
    expect(cancel.transaction.status).toBe('CANCELED');
    expect(cancel.operations.map((o) => [o.type, o.direction])).toEqual([['RELEASE', 'credit']]);
    expect(await books.balance('@alice')).toMatchObject({ available: before.available, on_hold: '0' });
  });
});
