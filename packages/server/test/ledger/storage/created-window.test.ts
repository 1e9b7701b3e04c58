import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createdWindow } from '../../../src/ledger/storage/created-window.js';
import { countTransactions } from '../../../src/ledger/storage/find-transactions.js';
import { listByCursor } from '../../../src/ledger/storage/list-rows.js';
import { readTenant } from '../../../src/ledger/storage/with-tenant.js';
import { type Books, openBooks } from '../posting/books.js';

const minute = 60_000;
const day = 24 * 60 * minute;
const start = Date.parse('2026-01-01T00:00:00Z');
let books: Books;
/** In the order of ids: when written, and when it says it happened. */
const rows: { id: string; created: number }[] = [];

beforeAll(async () => {
  books = await openBooks();
  for (let i = 0; i < 120; i += 1) {
    const written = start + i * 6 * 60 * minute;
    // Every fifth is backdated, by less than the slack up to the whole of the time.
    const created = i % 5 === 0 ? written - ((i * 7) % 30) * day - (i % 2) * minute : written;
    rows.push({ id: uuidv7({ msecs: written }), created });
  }
  await books.store.adminPool.query(
    `insert into transaction (id, organization_id, ledger_id, status, asset_code, amount, created_at, updated_at)
     select id, $3, $4, 'APPROVED', 'USD', 1, created, created from unnest($1::uuid[], $2::timestamptz[]) as r (id, created)`,
    [
      rows.map(({ id }) => id),
      rows.map(({ created }) => new Date(created).toISOString()),
      books.organizationId,
      books.ledgerId,
    ],
  );
});
afterAll(() => books.store.drop());

const place = () => ({ organization_id: books.organizationId, ledger_id: books.ledgerId });

test('a list between dates has every row of then, in the order of writing, forth and back; the count agrees', async () => {
  const moment = fc.integer({ min: -35 * 24 * 60, max: 35 * 24 * 60 }).map((minutes) => start + minutes * minute);
  await fc.assert(
    fc.asyncProperty(moment, moment, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (a, b, limit, descending) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const expected = rows.filter(({ created }) => created >= from && created <= to).map(({ id }) => id);
      if (descending) expected.reverse();
      const created = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      const page = (cursor?: { id: string; direction: 'next' | 'prev' }) =>
        readTenant(books.store.tenant, (tx) =>
          listByCursor(tx, {
            table: 'transaction',
            scope: place(),
            filters: [],
            sortOrder: descending ? 'desc' : 'asc',
            limit,
            created,
            cursor,
          }),
        );
      const forth: string[] = [];
      for (let next = await page(); ; ) {
        forth.push(...next.rows.map(({ id }) => id));
        if (next.nextAfter === undefined) break;
        next = await page({ id: next.nextAfter, direction: 'next' });
      }
      expect(forth).toEqual(expected);
      const back: string[] = [];
      for (let id = expected.at(-1); id !== undefined; ) {
        const previous = await page({ id, direction: 'prev' });
        back.unshift(...previous.rows.map((row) => row.id));
        id = previous.prevBefore;
      }
      expect(back).toEqual(expected.slice(0, -1));
      const filter = { ...created, route: undefined, status: undefined };
      expect(await readTenant(books.store.tenant, (tx) => countTransactions(tx, place(), filter))).toBe(
        expected.length,
      );
    }),
    { numRuns: 15 },
  );
});

test('backdated rows are found by the index that is made for them', async () => {
  const { backdated } = createdWindow({ from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' });
  const conditions = backdated.map((one) => one.compile(readOnly(books)));
  for (const [table, column] of [
    ['transaction', 'ledger_id'],
    ['operation', 'account_id'],
  ]) {
    const where = [`${column} = $1`, ...conditions.map(({ sql }) => sql.replace(/\$\d+/g, `'2026-01-01'`))];
    const id = where.map((text) => text.replace(`id > '2026-01-01'`, `id > '019b76da-a800-7000-8000-000000000000'`));
    const { rows: plan } = await books.store.adminPool.query(
      `explain select * from ${table} where ${id.join(' and ')}`.replace('$1', `'${books.ledgerId}'`),
    );
    expect(JSON.stringify(plan)).toContain(`${table}_backdated`);
  }
});

const readOnly = ({ store }: Books) => store.tenant.pool.db;
