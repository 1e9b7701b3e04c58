import { add, type Decimal, equals, formatDecimal, LedgerError, parseDecimal, subtract, zero } from '@cofferdam/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Posted } from '../../../src/ledger/posting/posting-types.js';
import type { OperationRow } from '../../../src/ledger/storage/transaction-rows.js';
import { type Books, newPoster, openBooks, transfer } from '../posting/books.js';
import { seededRandom } from './seeded-random.js';
import { withOtherProcess } from './two-processes.js';

const accounts = Array.from({ length: 6 }, (_, i) => `@a${i}`);
const start = '50';

let books: Books;
beforeAll(async () => {
  books = await openBooks();
  await books.addAccount('@external/USD');
  for (const alias of accounts) await books.addAccount(alias, { available: start });
});
afterAll(() => books.store.drop());

describe('random load from two processes', () => {
  it('leaves the books as the sum of what was accepted, each once, no balance below zero', async () => {
    const { random, pick, seed } = seededRandom();
    const { organizationId, ledgerId } = books;
    const accepted: Posted[] = [];
    const refusals = new Map<string, number>();
    const holds: string[] = [];

    await withOtherProcess(books.store, async (other) => {
      const doors = [
        { poster: newPoster(), tenant: books.store.tenant },
        { poster: newPoster(), tenant: other },
      ];
      const step = async () => {
        const { poster, tenant } = pick(doors);
        const posting = nextPosting();
        try {
          const posted = await poster.post(tenant, posting);
          if (!posted.replayed) accepted.push(posted);
          if (posted.transaction.status === 'PENDING') holds.push(posted.transaction.id);
        } catch (error) {
          if (!(error instanceof LedgerError)) throw error;
          refusals.set(error.code, (refusals.get(error.code) ?? 0) + 1);
        }
      };
      const nextPosting = () => {
        const dice = random();
        if (dice < 0.15 && holds.length > 0) {
          const kind = dice < 0.08 ? ('commit' as const) : ('cancel' as const);
          return { kind, organizationId, ledgerId, transactionId: pick(holds) };
        }
        if (dice < 0.2 && accepted.length > 0)
          return { kind: 'revert' as const, organizationId, ledgerId, transactionId: pick(accepted).transaction.id };
        const amount = formatDecimal(parseDecimal((random() * 30 + 0.01).toFixed(2)));
        const from = random() < 0.15 ? '@external/USD' : pick(accounts);
        const to = random() < 0.15 ? '@external/USD' : pick(accounts);
        return transfer(books, amount, [[from, amount]], [[to, amount]], {
          kind: random() < 0.25 && from !== '@external/USD' ? 'hold' : 'direct',
          ...(random() < 0.3 ? { idempotencyKey: `key-${Math.floor(random() * 40)}` } : {}),
        });
      };
      const client = async () => {
        for (let i = 0; i < 40; i += 1) await step();
      };
      await Promise.all(Array.from({ length: 30 }, client));
    });

    const note = `seed ${seed}, accepted ${accepted.length}, refused ${JSON.stringify([...refusals])}`;
    expect(accepted.length, note).toBeGreaterThan(300);
    for (const code of ['0018', '0090']) expect(refusals.get(code), note).toBeGreaterThan(0);
    await checkBooks(books, accepted, note);
  });

  it('a hot account loses nothing', async () => {
    const accepted: Posted[] = [];
    await withOtherProcess(books.store, async (other) => {
      const doors = [
        { poster: newPoster(), tenant: books.store.tenant },
        { poster: newPoster(), tenant: other },
      ];
      const before = parseDecimal((await books.balance('@a0')).available);
      await Promise.all(
        Array.from({ length: 400 }, async (_, i) => {
          const door = doors[i % 2] as (typeof doors)[number];
          accepted.push(
            await door.poster.post(
              door.tenant,
              transfer(books, '0.01', [['@external/USD', '0.01']], [['@a0', '0.01']]),
            ),
          );
        }),
      );
      const after = parseDecimal((await books.balance('@a0')).available);
      expect(formatDecimal(subtract(after, before))).toBe('4');
    });
    const versions = accepted.flatMap(({ operations }) =>
      operations.filter((o) => o.account_alias === '@a0').map((o) => o.version_after),
    );
    expect(new Set(versions).size).toBe(400);
    expect(Math.max(...versions) - Math.min(...versions)).toBe(399);
  });
});

/** Compares the store with what the clients were told. */
async function checkBooks(books: Books, accepted: readonly Posted[], note: string): Promise<void> {
  const { adminPool } = books.store;
  const { rows: operations } = await adminPool.query<OperationRow>(
    'select * from operation order by version_after, id',
  );
  const told = accepted.flatMap((posted) => posted.operations.map((o) => o.id));
  expect(new Set(told).size, note).toBe(told.length);
  expect(operations.map((o) => o.id).sort(), note).toEqual(told.sort());

  const { rows: balances } = await adminPool.query('select * from balance');
  let total: Decimal = zero;
  for (const balance of balances) {
    const chain = operations.filter((o) => o.balance_id === balance.id && o.balance_affected);
    let [available, onHold] = [balance.account_type === 'external' ? '0' : start, '0'];
    chain.forEach((o, i) => {
      const at = `${note}: ${balance.alias} version ${o.version_after}`;
      expect([o.version_before, o.version_after], at).toEqual([i, i + 1]);
      expect([o.available_before, o.on_hold_before], at).toEqual([available, onHold]);
      [available, onHold] = [o.available_after, o.on_hold_after];
      if (balance.account_type !== 'external') expect(available.startsWith('-'), at).toBe(false);
    });
    expect([balance.available, balance.on_hold, balance.version], `${note}: ${balance.alias}`).toEqual([
      available,
      onHold,
      chain.length,
    ]);
    const held = add(parseDecimal(balance.available), parseDecimal(balance.on_hold));
    total = balance.direction === 'credit' ? add(total, held) : subtract(total, parseDecimal(balance.available));
  }
  expect(
    equals(total, parseDecimal(String(Number(start) * accounts.length))),
    `${note}: total ${formatDecimal(total)}`,
  ).toBe(true);

  const { rows: twice } = await adminPool.query(
    'select parent_transaction_id from transaction where parent_transaction_id is not null group by 1 having count(*) > 1',
  );
  expect(twice, note).toEqual([]);
}
