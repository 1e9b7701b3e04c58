import { LedgerError } from '@cofferdam/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Posting } from '../../../src/ledger/posting/posting-types.js';
import { type Books, codeOf, newPoster, openBooks, transfer } from '../posting/books.js';
import { withOtherProcess } from './two-processes.js';

let books: Books;
beforeAll(async () => {
  books = await openBooks();
  await books.addAccount('@external/USD');
});
afterAll(() => books.store.drop());

let made = 0;
/** Two accounts of their own for each test. */
async function open(available = '100', settings?: object) {
  made += 1;
  const [from, to] = [`@from${made}`, `@to${made}`];
  await books.addAccount(from, { available, ...(settings === undefined ? {} : { settings }) });
  if (settings !== undefined)
    await books.addAccount(from, { key: 'overdraft', direction: 'debit', settings: { balanceScope: 'internal' } });
  await books.addAccount(to);
  return { from, to };
}

/** The codes of all, sent at once through two processes' queues. */
async function atOnce(postings: readonly Posting[]): Promise<Map<string, number>> {
  return withOtherProcess(books.store, async (other) => {
    const doors = [
      { poster: newPoster(), tenant: books.store.tenant },
      { poster: newPoster(), tenant: other },
    ];
    const codes = await Promise.all(
      postings.map((posting, i) => {
        const { poster, tenant } = doors[i % 2] as (typeof doors)[number];
        return codeOf(poster.post(tenant, posting));
      }),
    );
    const counts = new Map<string, number>();
    for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
    return counts;
  });
}

const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
const place = () => ({ organizationId: books.organizationId, ledgerId: books.ledgerId });

async function hold(from: string, to: string, amount = '40'): Promise<string> {
  const order = transfer(books, amount, [[from, amount]], [[to, amount]], { kind: 'hold' });
  return (await newPoster().post(books.store.tenant, order)).transaction.id;
}

describe('50 at once', () => {
  it('of the same commit: one is done', async () => {
    const { from, to } = await open();
    const transactionId = await hold(from, to);
    const counts = await atOnce(times(50, () => ({ kind: 'commit', ...place(), transactionId })));
    expect([...counts].sort()).toEqual([
      ['0486', 49],
      ['posted', 1],
    ]);
    expect(await books.balance(from)).toEqual({ available: '60', on_hold: '0', version: 2 });
    expect(await books.balance(to)).toEqual({ available: '40', on_hold: '0', version: 1 });
  });

  it('of the same cancel: one is done, and gives back what was drawn exactly once', async () => {
    const { from, to } = await open('10', { allowOverdraft: true });
    const transactionId = await hold(from, to);
    expect(await books.balance(from, 'overdraft')).toMatchObject({ available: '30' });
    const counts = await atOnce(times(50, () => ({ kind: 'cancel', ...place(), transactionId })));
    expect([...counts].sort()).toEqual([
      ['0486', 49],
      ['posted', 1],
    ]);
    expect(await books.balance(from)).toEqual({ available: '10', on_hold: '0', version: 2 });
    expect(await books.balance(from, 'overdraft')).toEqual({ available: '0', on_hold: '0', version: 2 });
    expect(await books.balance(to)).toMatchObject({ version: 0 });
  });

  it('of commit against cancel: one of them is done', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { from, to } = await open();
      const transactionId = await hold(from, to);
      const counts = await atOnce(
        times(50, (i) => ({
          kind: (i + round) % 3 === 0 ? ('commit' as const) : ('cancel' as const),
          ...place(),
          transactionId,
        })),
      );
      expect([...counts].sort()).toEqual([
        ['0486', 49],
        ['posted', 1],
      ]);
      const [source, destination] = [await books.balance(from), await books.balance(to)];
      const { rows } = await books.store.adminPool.query('select status from transaction where id = $1', [
        transactionId,
      ]);
      expect([rows[0].status, source.available, source.on_hold, destination.available]).toEqual(
        rows[0].status === 'APPROVED' ? ['APPROVED', '60', '0', '40'] : ['CANCELED', '100', '0', '0'],
      );
    }
  });

  it('of the same revert: one is done', async () => {
    const { from, to } = await open();
    const poster = newPoster();
    const { transaction } = await poster.post(books.store.tenant, transfer(books, '40', [[from, '40']], [[to, '40']]));
    const counts = await atOnce(times(50, () => ({ kind: 'revert', ...place(), transactionId: transaction.id })));
    expect([...counts].sort()).toEqual([
      ['0087', 49],
      ['posted', 1],
    ]);
    expect(await books.balance(from)).toMatchObject({ available: '100', version: 2 });
  });

  it('holds never take more than there is, and all that were placed can be committed', async () => {
    const { from, to } = await open('100');
    const counts = await atOnce(times(50, () => transfer(books, '9', [[from, '9']], [[to, '9']], { kind: 'hold' })));
    expect([...counts].sort()).toEqual([
      ['0018', 39],
      ['posted', 11],
    ]);
    expect(await books.balance(from)).toMatchObject({ available: '1', on_hold: '99' });
    const { rows } = await books.store.adminPool.query(
      `select distinct transaction_id as id from operation where account_alias = $1`,
      [from],
    );
    const ended = await atOnce(rows.map(({ id }) => ({ kind: 'commit' as const, ...place(), transactionId: id })));
    expect([...ended]).toEqual([['posted', 11]]);
    expect(await books.balance(from)).toMatchObject({ available: '1', on_hold: '0' });
    expect(await books.balance(to)).toMatchObject({ available: '99', version: 11 });
  });

  it('draws on an overdraft stop at its limit, and repayments beside them leave nothing owed twice', async () => {
    const settings = { allowOverdraft: true, overdraftLimitEnabled: true, overdraftLimit: '50' };
    const { from, to } = await open('0', settings);
    const counts = await atOnce(times(50, () => transfer(books, '3', [[from, '3']], [[to, '3']])));
    expect([...counts].sort()).toEqual([
      ['0167', 34],
      ['posted', 16],
    ]);
    const owed = async () => {
      const { rows } = await books.store.adminPool.query(
        `select d.available, d.overdraft_used, c.available as companion from balance d
         join balance c on c.account_id = d.account_id and c.key = 'overdraft' where d.alias = $1 and d.key = 'default'`,
        [from],
      );
      return rows[0];
    };
    expect(await owed()).toEqual({ available: '0', overdraft_used: '48', companion: '48' });
    await atOnce(
      times(50, (i) =>
        i % 2 === 0
          ? transfer(books, '5', [['@external/USD', '5']], [[from, '5']])
          : transfer(books, '4', [[from, '4']], [[to, '4']]),
      ),
    );
    const after = await owed();
    expect(after.companion).toBe(after.overdraft_used);
    const { rows } = await books.store.adminPool.query(
      `select sum((case direction when 'credit' then 1 else -1 end) * amount) as net from operation
       where account_alias = $1 and balance_affected`,
      [from],
    );
    expect(Number(rows[0].net)).toBe(Number(after.available) - Number(after.overdraft_used));
  });

  it('an overdraft that is switched on while postings wait is seen or not, never half', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { from, to } = await open('0', { allowOverdraft: false });
      const switchOn = books.store.adminPool.query(
        `update balance set settings = '{"allowOverdraft": true}' where alias = $1 and key = 'default'`,
        [from],
      );
      const [counts] = await Promise.all([
        atOnce(times(20, () => transfer(books, '1', [[from, '1']], [[to, '1']]))),
        switchOn,
      ]);
      for (const code of counts.keys()) expect(['posted', '0018']).toContain(code);
      expect(Number((await books.balance(from, 'overdraft')).available)).toBe(counts.get('posted') ?? 0);
    }
  });
});

it('refuses to draw on an overdraft whose companion is not there', async () => {
  await books.addAccount('@alone', { settings: { allowOverdraft: true } });
  await books.addAccount('@other');
  const order = transfer(books, '1', [['@alone', '1']], [['@other', '1']]);
  const refused = await newPoster()
    .post(books.store.tenant, order)
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(LedgerError);
  expect((refused as LedgerError).code).toBe('0174');
  expect(await books.balance('@alone')).toMatchObject({ available: '0', version: 0 });
});
