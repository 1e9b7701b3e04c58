import fc from 'fast-check';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergePatch } from '../../../src/ledger/storage/described-columns.js';
import { listByCursor, listByPage, startsWith } from '../../../src/ledger/storage/list-rows.js';
import { createOrganization } from '../../../src/ledger/storage/organizations.js';
import { readTenant, withTenant } from '../../../src/ledger/storage/with-tenant.js';
import { createLedgerStore, type LedgerStore } from '../../support/cluster.js';

const origin = { now: () => new Date(), newId: uuidv7 };
const names = [
  '',
  'a',
  'A',
  '%',
  '_',
  '\\',
  'a%',
  'A_b',
  'ab',
  'AB%',
  '\\%',
  'a\\',
  '_%\\',
  'é',
  'aXb',
  '%%',
  '__',
  "'",
  'ab c',
  'z',
];
let store: LedgerStore;
const ids: string[] = [];

beforeAll(async () => {
  store = await createLedgerStore();
  for (const name of names) {
    const given = { legalName: `${name}.`, legalDocument: 'd' };
    ids.push((await withTenant(store.tenant, (tx) => createOrganization(tx, origin, given))).id);
  }
});
afterAll(() => store.drop());

const list = { table: 'organization', scope: {}, filters: [], sortOrder: 'asc', limit: 100 } as const;

test('a prefix matches itself and nothing by accident', async () => {
  const prefix = fc.string({ unit: fc.constantFrom('a', 'A', 'b', '%', '_', '\\', "'", '.'), maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(prefix, async (text) => {
      const filters = startsWith('legal_name', text);
      const rows = await readTenant(store.tenant, (tx) => listByPage(tx, { ...list, filters, page: 1 }));
      const expected = names
        .map((name) => `${name}.`)
        .filter((name) => name.toLowerCase().startsWith(text.toLowerCase()));
      expect(rows.map((row) => row.legal_name)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('cursors walk the whole list once, forth and back, in both orders, whatever the limit', async () => {
  const orders = fc.constantFrom('asc', 'desc');
  await fc.assert(
    fc.asyncProperty(orders, fc.integer({ min: 1, max: 25 }), async (sortOrder, limit) => {
      const expected = sortOrder === 'asc' ? ids : [...ids].reverse();
      const page = (cursor?: { id: string; direction: 'next' | 'prev' }) =>
        readTenant(store.tenant, (tx) =>
          listByCursor(tx, { ...list, table: 'organization', sortOrder, limit, cursor }),
        );
      const seen: string[] = [];
      let at = await page();
      expect(at.prevBefore).toBeUndefined();
      seen.push(...at.rows.map(({ id }) => id));
      while (at.nextAfter !== undefined) {
        at = await page({ id: at.nextAfter, direction: 'next' });
        seen.push(...at.rows.map(({ id }) => id));
      }
      expect(seen).toEqual(expected);
      const back = at.rows.map(({ id }) => id);
      while (at.prevBefore !== undefined) {
        at = await page({ id: at.prevBefore, direction: 'prev' });
        back.unshift(...at.rows.map(({ id }) => id));
      }
      expect(back).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});

test('a value is data, whatever it looks like', async () => {
  const filters = startsWith('legal_name', "'; drop table organization; --");
  const rows = await readTenant(store.tenant, (tx) => listByPage(tx, { ...list, filters, page: 1 }));
  expect(rows).toEqual([]);
  const metadata = { key: "a' = 'a' or ", value: '1', noneFound: 'no_organizations_found' } as const;
  await expect(readTenant(store.tenant, (tx) => listByPage(tx, { ...list, metadata, page: 1 }))).rejects.toMatchObject({
    code: '0059',
  });
});

test('a merge patch gives what RFC 7396 says of flat objects', () => {
  const value = fc.oneof(fc.string(), fc.boolean(), fc.integer());
  const key = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor'), fc.string());
  const entries = <T>(values: fc.Arbitrary<T>) => fc.uniqueArray(fc.tuple(key, values), { selector: ([name]) => name });
  fc.assert(
    fc.property(entries(value), entries(fc.option(value)), (stored, patch) => {
      const expected = new Map<string, unknown>(stored);
      for (const [name, given] of patch)
        if (given === null) expected.delete(name);
        else expected.set(name, given);
      const merged = mergePatch(Object.fromEntries(stored), Object.fromEntries(patch));
      expect(new Map(Object.entries(merged))).toEqual(expected);
    }),
  );
});

test('a refusal inside withTenant leaves nothing behind, and the connection is as good as before', async () => {
  const count = async () =>
    (await readTenant(store.tenant, (tx) => sql<{ n: number }>`select count(*) as n from organization`.execute(tx)))
      .rows[0]?.n;
  const before = await count();
  const failing = withTenant(store.tenant, async (tx) => {
    await createOrganization(tx, origin, { legalName: 'x', legalDocument: 'y' });
    throw new Error('after the write');
  });
  await expect(failing).rejects.toThrow('after the write');
  expect(await count()).toBe(before);
});

test('a deadlock runs the victim again', async () => {
  const [first, second] = ids as [string, string];
  const attempts: string[] = [];
  let met: () => void = () => undefined;
  const meeting = new Promise<void>((resolve) => {
    met = resolve;
  });
  let waiting = 0;
  const lockBoth = (name: string, one: string, other: string) =>
    withTenant(store.tenant, async (tx) => {
      attempts.push(name);
      await sql`select 1 from organization where id = ${one} for update`.execute(tx);
      waiting += 1;
      if (waiting === 2) met();
      await meeting;
      await sql`select 1 from organization where id = ${other} for update`.execute(tx);
      return name;
    });
  expect(await Promise.all([lockBoth('a', first, second), lockBoth('b', second, first)])).toEqual(['a', 'b']);
  expect(attempts).toHaveLength(3);
});
