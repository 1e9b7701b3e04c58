import { setTimeout as delay } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Posting } from '../../../src/ledger/posting/posting-types.js';
import { withTenantClient } from '../../../src/ledger/storage/with-tenant.js';
import { type Books, codeOf, newPoster, openBooks, transfer } from './books.js';

let books: Books;
beforeAll(async () => {
  books = await openBooks();
  await books.addAccount('@a', { available: '1000000' });
  await books.addAccount('@b');
});
afterAll(() => books.store.drop());

const pay = (value = '1', options = {}) => transfer(books, value, [['@a', value]], [['@b', value]], options);
const count = async () =>
  (await books.store.adminPool.query('select count(*)::int as n from transaction')).rows[0].n as number;

describe('commit, cancel and revert of one hold in one batch', () => {
  const kinds = ['commit', 'cancel', 'revert'] as const;
  const permutations = kinds.flatMap((a) => kinds.flatMap((b) => kinds.map((c) => [a, b, c] as const)));
  const orders = permutations.filter((order) => new Set(order).size === 3 || order[0] === 'commit');

  it('are as one after the other, in every order, alone and together', async () => {
    const poster = newPoster();
    for (const together of [false, true])
      for (const order of orders) {
        const before = await books.balance('@a');
        const hold = await poster.post(books.store.tenant, pay('7', { kind: 'hold' }));
        const { organizationId, ledgerId } = books;
        const on = { organizationId, ledgerId, transactionId: hold.transaction.id };
        const postings: Posting[] = order.map((kind) => ({ kind, ...on }));
        const expected = expectedOf(order);
        const label = `${order} ${together}`;
        if (together) {
          const wanted = expected.find((code) => code !== 'posted') ?? 'posted';
          expect(await codeOf(poster.postTogether(books.store.tenant, postings)), label).toBe(wanted);
          if (wanted !== 'posted') await poster.post(books.store.tenant, { kind: 'cancel', ...on });
        } else {
          const entries = await poster.postEach(books.store.tenant, postings);
          const codes = entries.map((each) =>
            'posted' in each ? 'posted' : (each.refusal as { readonly code: string }).code,
          );
          expect(codes, label).toEqual(expected);
          if (!expected.includes('posted')) await poster.post(books.store.tenant, { kind: 'cancel', ...on });
        }
        const paid = expected[order.indexOf('commit')] === 'posted' && !reverted(order, expected) && !together;
        const after = await books.balance('@a');
        expect([Number(after.available), Number(after.on_hold)], label).toEqual([
          Number(before.available) - (paid ? 7 : 0),
          0,
        ]);
      }
  });

  const reverted = (order: readonly string[], codes: readonly string[]) =>
    order.some((kind, i) => kind === 'revert' && codes[i] === 'posted');

  /** By ledger-api §5.6 and §5.9. */
  function expectedOf(order: readonly ('commit' | 'cancel' | 'revert')[]): string[] {
    let status = 'PENDING';
    let undone = false;
    return order.map((kind) => {
      if (kind === 'revert') {
        if (undone) return '0087';
        if (status !== 'APPROVED') return '0099';
        undone = true;
        return 'posted';
      }
      if (status !== 'PENDING') return '0486';
      status = kind === 'commit' ? 'APPROVED' : 'CANCELED';
      return 'posted';
    });
  }
});

describe('a batch written in parts', () => {
  it('claims the keys of its first parts when the last ones write nothing', async () => {
    const poster = newPoster({ partMax: 2 });
    const note = (idempotencyKey: string) => pay('1', { kind: 'annotation', idempotencyKey });
    const entries = await poster.postEach(books.store.tenant, [note('n1'), note('n2'), pay('99999999')]);
    expect(entries.map((each) => 'posted' in each)).toEqual([true, true, false]);
    for (const key of ['n1', 'n2']) expect((await poster.post(books.store.tenant, note(key))).replayed, key).toBe(true);
  });

  it('commits nothing when a later part cannot be sent', async () => {
    const before = await books.snapshot();
    const unspeakable = pay();
    Object.defineProperty(unspeakable.notes.metadata, 'x', {
      enumerable: true,
      get() {
        throw new Error('unspeakable');
      },
    });
    const entries = await newPoster({ partMax: 1 }).postEach(books.store.tenant, [pay(), unspeakable]);
    expect(entries.every((each) => 'refusal' in each)).toBe(true);
    expect(await books.snapshot()).toBe(before);
  });
});

describe('a statement timeout', () => {
  it('is answered as busy, writes nothing, and the key stays free', async () => {
    const { adminPool } = books.store;
    const holder = await adminPool.connect();
    const before = await count();
    await holder.query("begin; select from balance where alias = '@a' for update");
    const poster = newPoster();
    await withTenantClient(books.store.tenant, (client) => client.query("set statement_timeout = '200ms'"));
    try {
      expect(await codeOf(poster.post(books.store.tenant, pay('1', { idempotencyKey: 'timed out' })))).toBe('0161');
      expect(await count()).toBe(before);
    } finally {
      await holder.query('commit');
      holder.release();
      await withTenantClient(books.store.tenant, (client) => client.query('reset statement_timeout'));
    }
    const posted = await poster.post(books.store.tenant, pay('1', { idempotencyKey: 'timed out' }));
    expect(posted.replayed).toBe(false);
  });
});

describe('a migration under way', () => {
  it('holds postings back and changes nothing about them, prepared statements included', async () => {
    const poster = newPoster();
    await Promise.all(Array.from({ length: 5 }, () => poster.post(books.store.tenant, pay())));
    const { adminPool } = books.store;
    const migrator = await adminPool.connect();
    const before = await count();
    await migrator.query('begin');
    for (const table of ['balance', 'ledger', 'organization', 'idempotency_key', 'transaction', 'operation', 'outbox'])
      await migrator.query(`alter table ${table} add column later text default 'x'`);
    const waiting = Array.from({ length: 5 }, (_, i) =>
      poster.post(books.store.tenant, pay('1', { idempotencyKey: `migration ${i}` })),
    );
    await delay(50);
    await migrator.query('commit');
    migrator.release();
    expect((await Promise.all(waiting)).map(({ replayed }) => replayed)).toEqual(Array(5).fill(false));
    const again = await poster.post(books.store.tenant, pay('1', { idempotencyKey: 'migration 0' }));
    expect(again.replayed).toBe(true);
    expect(await count()).toBe(before + 5);
  });
});

describe('a clock that goes back', () => {
  it('keeps keys, and leaves outbox and balances in the order of the commits', async () => {
    const ahead = newPoster({ now: () => new Date(Date.now() + 3_600_000) });
    const back = newPoster();
    const first = await ahead.post(books.store.tenant, pay('1', { idempotencyKey: 'clock' }));
    const twin = await back.post(books.store.tenant, pay('1', { idempotencyKey: 'clock' }));
    expect(twin).toMatchObject({ replayed: true, transaction: { id: first.transaction.id } });
    const second = await back.post(books.store.tenant, pay('2'));
    const { rows } = await books.store.adminPool.query(
      'select record_id from outbox where record_id = any($1) order by position',
      [[first.transaction.id, second.transaction.id]],
    );
    expect(rows.map(({ record_id }) => record_id)).toEqual([first.transaction.id, second.transaction.id]);
    const versions = (posted: typeof first) => posted.operations.map((each) => Number(each.version_before));
    expect(versions(second)).toEqual(first.operations.map((each) => Number(each.version_after)));
  });
});

describe('one very large transaction', () => {
  it('with 10,000 legs and an amount of many digits is posted, exactly', async () => {
    const legs = 5_000;
    const { adminPool } = books.store;
    await adminPool.query(
      `with a as (
         insert into account (id, organization_id, ledger_id, name, asset_code, type, alias, status_code, created_at, updated_at)
         select gen_random_uuid(), $1, $2, n, 'USD', 'deposit', '@many' || n, 'ACTIVE', now(), now()
         from generate_series(1, $3) n returning *)
       insert into balance (id, organization_id, ledger_id, account_id, alias, key, asset_code, account_type, direction,
         available, allow_sending, allow_receiving, created_at, updated_at)
       select gen_random_uuid(), $1, $2, id, alias, 'default', 'USD', 'deposit', 'credit', 1e20, true, true, now(), now() from a`,
      [books.organizationId, books.ledgerId, legs * 2],
    );
    const each = '12345678901234567.000000000000000001';
    const total = '61728394506172835000.000000000000005';
    const side = (from: number) => Array.from({ length: legs }, (_, i) => [`@many${from + i}`, each] as const);
    const posted = await newPoster().post(
      books.store.tenant,
      transfer(books, total, side(1), side(legs + 1), { idempotencyKey: newId() }),
    );
    expect(posted.operations).toHaveLength(2 * legs);
    const { rows } = await adminPool.query(
      `select count(*)::int as n, sum(available)::text as sum from balance where alias like '@many%'`,
    );
    expect(rows[0].n).toBe(2 * legs);
    expect(Number(rows[0].sum)).toBe(legs * 2 * 1e20);
    expect((await books.balance('@many1')).available).toBe('99987654321098765432.999999999999999999');
  });
});
