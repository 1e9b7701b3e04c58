import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quoteIdentifier } from '../../src/postgres/identifiers.js';
import { asAdmin } from '../support/admin.js';
import { type Books, createBooks, leg, must } from './support/books.js';
import { isWriting, nameOf, neededQuery, pathOf, routeTable } from './support/route-table.js';
import { digest, join, meetings, openWorld, type Resident, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const reading = routeTable().filter((route) => !isWriting(route));

test('T-14: structures alike to the last letter in four tenants: all succeed, ids differ, changes do not cross', async () => {
  const twins: { client: Resident['client']; books: Books }[] = [];
  for (const { client } of world.residents)
    twins.push({ client, books: await createBooks(client, { marker: 'twin0123456789abcdef' }) });
  const ids = twins.flatMap(
    ({
      books: {
        ids: { alias, assetCode, ...own },
      },
    }) => Object.values(own),
  );
  expect(new Set(ids).size).toBe(ids.length);
  const [first, ...rest] = twins as [(typeof twins)[number], ...typeof twins];
  await must(first.client('PATCH', first.books.organizationPath, { legalName: 'changed' }));
  for (const { client, books } of rest)
    expect((await must(client('GET', books.organizationPath))).legalName).toBe('twin0123456789abcdef');
});

describe('X-17: the very same ids in two tenants', () => {
  test('warm everything under A, then read the same addresses under B: B’s own records, never A’s', async () => {
    for (const [a, b] of meetings(world.residents)) {
      await copyBooks(a, b);
      const read = async ({ client }: Resident) =>
        Promise.all(
          reading.map(
            async (route) =>
              (await client(route.method, `${pathOf(route, a.books.ids)}${neededQuery(route, a.books.ids)}`)).text,
          ),
        );
      for (let turn = 0; turn < 2; turn += 1) {
        const [ofA, ofB] = [await read(a), await read(b)];
        for (const [at, route] of reading.entries()) {
          expect(ofB[at], nameOf(route)).not.toContain(a.books.marker);
          expect(ofA[at], nameOf(route)).not.toContain(b.books.marker);
        }
        expect(ofB.filter((text) => text.includes(b.books.marker)).length).toBeGreaterThan(15);
      }
    }
  });

  test('a posting, a change and a deletion under A leave the same ids of B as they were', async () => {
    const [a, b] = meetings(world.residents)[2] as [Resident, Resident];
    const { path, ids, otherAccount } = a.books;
    const before = await digest(b);
    const code = ids.assetCode;
    await must(
      a.client('POST', `${path}/transactions/inflow`, {
        send: { asset: code, value: '5', distribute: { to: [leg(ids.alias, code, '5')] } },
      }),
    );
    await must(
      a.client('PATCH', `${path}/accounts/${ids.account}`, { name: 'changed under A', metadata: { marker: null } }),
    );
    await must(a.client('POST', `${path}/transactions/${a.books.pending}/cancel`, undefined));
    await must(a.client('DELETE', `${path}/accounts/${otherAccount}`));
    await must(a.client('PATCH', `${path}/settings`, { accounting: { validateAccountType: true } }));
    expect(await digest(b)).toEqual(before);
    expect((await must(b.client('GET', `${path}/accounts/${ids.account}`))).name).toBe(b.books.marker);
    expect((await must(b.client('GET', `${path}/settings`))).accounting.validateAccountType).toBe(false);
    expect((await must(a.client('GET', `${path}/balances/${ids.balance}`))).available).not.toBe(
      (await must(b.client('GET', `${path}/balances/${ids.balance}`))).available,
    );
  });

  test('no answer may be kept by a cache on the way', async () => {
    const [a] = world.residents as [Resident];
    for (const route of reading) {
      const { headers } = await a.client(
        route.method,
        `${pathOf(route, a.books.ids)}${neededQuery(route, a.books.ids)}`,
      );
      expect(headers.get('cache-control'), nameOf(route)).toBe('private, no-store');
      expect(headers.get('vary'), nameOf(route)).toContain('Authorization');
      expect(headers.get('etag'), nameOf(route)).toBeNull();
    }
  });
});

describe('X-18: the same idempotency key', () => {
  test('two executions, and a replay is the tenant’s own answer', async () => {
    for (const headers of [{ 'x-idempotency': 'one key for all' }, undefined]) {
      const answers = [];
      for (const isolation of ['database', 'schema'] as const) {
        const member = await join(world.server, isolation, 'E');
        const books = await createBooks(member.client, { marker: 'twin0123456789abcdef' });
        // Both ledgers under the same ids as well: nothing but the tenant tells the two requests apart.
        const code = books.ids.assetCode;
        const send = () =>
          member.client(
            'POST',
            `${books.path}/transactions/inflow`,
            { send: { asset: code, value: '3', distribute: { to: [leg(books.ids.alias, code, '3')] } } },
            headers && { headers },
          );
        answers.push({ send, books, member });
      }
      const [a, b] = answers as [(typeof answers)[number], (typeof answers)[number]];
      const [ofA, ofB] = [await a.send(), await b.send()];
      expect([ofA.status, ofB.status]).toEqual([201, 201]);
      expect([ofA, ofB].map((answer) => answer.headers.get('x-idempotency-replayed'))).toEqual(['false', 'false']);
      expect(ofA.body.id).not.toBe(ofB.body.id);
      for (const [one, first] of [
        [a, ofA],
        [b, ofB],
      ] as const) {
        const again = await one.send();
        expect(again.headers.get('x-idempotency-replayed')).toBe('true');
        expect(again.text).toBe(first.text);
        const balance = await must(one.member.client('GET', `${one.books.path}/balances/${one.books.ids.balance}`));
        expect(balance.available).toBe('996');
      }
    }
  });

  test('even with the same organization, ledger and account ids', async () => {
    const [a, b] = meetings(world.residents)[0] as [Resident, Resident];
    // B holds a copy of A's books under A's ids, with names of its own.
    const { path, ids } = a.books;
    const code = ids.assetCode;
    const send = ({ client, books }: Resident) =>
      client(
        'POST',
        `${path}/transactions/inflow`,
        { send: { asset: code, value: '11', distribute: { to: [leg(books.ids.alias, code, '11')] } } },
        { headers: { 'x-idempotency': 'shared' } },
      );
    const [ofA, ofB] = [await send(a), await send(b)];
    expect([ofA, ofB].map(({ status, headers }) => [status, headers.get('x-idempotency-replayed')])).toEqual([
      [201, 'false'],
      [201, 'false'],
    ]);
    expect(ofB.text).not.toContain(ofA.body.id);
    expect((await send(b)).text).toBe(ofB.text);
  });
});

test('X-20: cursors of another tenant, and forged ones', async () => {
  for (const [a, b] of meetings(world.residents)) {
    const lists = (books: Books) => [
      `${books.path}/transactions`,
      `${books.path}/balances`,
      `${books.path}/account-types`,
      `${books.path}/accounts/${books.ids.account}/operations`,
      `${books.path}/accounts/${books.ids.account}/balances`,
    ];
    await must(
      a.client('POST', `${a.books.path}/account-types`, { name: 'more', keyValue: `more-${crypto.randomUUID()}` }),
    );
    await must(
      a.client('POST', `${a.books.path}/accounts/${a.books.ids.account}/balances`, { key: crypto.randomUUID() }),
    );
    for (const [at, list] of lists(a.books).entries()) {
      const page = await must(a.client('GET', `${list}?limit=1`));
      const cursor = page.next_cursor;
      expect(cursor, list).toBeTypeOf('string');
      for (const order of ['asc', 'desc']) {
        const replayed = await b.client(
          'GET',
          `${lists(b.books)[at]}?limit=100&sort_order=${order}&cursor=${encodeURIComponent(cursor)}`,
        );
        expect([200, 400]).toContain(replayed.status);
        expect(replayed.text).not.toContain(a.books.marker);
        // The cursor holds a position, no address: rows are B's own or none.
        for (const item of replayed.body.items ?? []) expect(item.ledgerId).toBe(b.books.ids.ledger);
      }
    }
    const read = (text: string) => Buffer.from(text).toString('base64');
    for (const forged of [
      'x',
      '!!',
      read('{}'),
      read('{"id":1}'),
      read(`{"id":"' or true","direction":"next"}`),
      read(`{"id":"${a.books.ids.ledger}","direction":"up"}`),
      read('[]'),
      'A'.repeat(900),
    ]) {
      const { status, body } = await b.client(
        'GET',
        `${b.books.path}/transactions?cursor=${encodeURIComponent(forged)}`,
      );
      expect({ forged, status, code: body.code }).toEqual({ forged, status: 400, code: '0082' });
    }
  }
});

describe('X-22: nothing counts across tenants', () => {
  test('ids are UUIDv7 whose random part says nothing of how many were made', async () => {
    const [a] = world.residents as [Resident];
    const { alias, assetCode, ...ids } = a.books.ids;
    for (const id of Object.values(ids))
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const made = await Promise.all(
      Array.from({ length: 20 }, () => must(a.client('POST', `${a.books.path}/portfolios`, { name: 'x' }))),
    );
    // The last 48 bits are random in each: neighbours in time are not neighbours in number.
    const tails = made.map(({ id }) => Number.parseInt(id.slice(-12), 16)).sort((x, y) => x - y);
    const gaps = tails.slice(1).map((tail, at) => tail - (tails[at] as number));
    expect(Math.min(...gaps)).toBeGreaterThan(1_000);
  });

  test('a store has sequences of its own or none; work under A moves nothing that B can read', async () => {
    const [a, b] = meetings(world.residents)[1] as [Resident, Resident]; // both in one database
    const visible = async () => {
      const reads = reading.map(async (route) => {
        const { status, text, headers } = await b.client(
          route.method,
          `${pathOf(route, b.books.ids)}${neededQuery(route, b.books.ids)}`,
        );
        return { route: nameOf(route), status, text, count: headers.get('x-total-count') };
      });
      return { answers: await Promise.all(reads), sequences: await sequences(b) };
    };
    const before = await visible();
    for (let n = 0; n < 10; n += 1) await must(a.client('POST', `${a.books.path}/segments`, { name: `s${n}` }));
    await must(
      a.client('POST', `${a.books.path}/transactions/inflow`, {
        send: {
          asset: a.books.ids.assetCode,
          value: '1',
          distribute: { to: [leg(a.books.ids.alias, a.books.ids.assetCode, '1')] },
        },
      }),
    );
    expect(await visible()).toEqual(before);
  });
});

const sequences = ({ store }: Resident) =>
  asAdmin(
    async (admin) =>
      (
        await admin.query('select sequencename, last_value from pg_sequences where schemaname = $1 order by 1', [
          store.schema,
        ])
      ).rows,
    store.database,
  );

/** Puts a copy of A's books into B's store, under the same ids, with B's marker in place of A's. */
async function copyBooks(a: Resident, b: Resident): Promise<void> {
  const from = quoteIdentifier(a.store.schema);
  const to = quoteIdentifier(b.store.schema);
  const tables = await asAdmin(async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = $1 and tablename not in ('schema_migration', 'idempotency_key', 'outbox')`,
      [a.store.schema],
    );
    const copies: { name: string; text: string }[] = [];
    for (const { name } of rows) {
      const table = `${from}.${quoteIdentifier(name)}`;
      const { rows: texts } = await admin.query<{ text: string }>(
        `select coalesce(jsonb_agg(row), '[]')::text as text from ${table} row`,
      );
      copies.push({ name, text: (texts[0] as { text: string }).text });
    }
    return copies;
  }, a.store.database);
  await asAdmin(async (admin) => {
    await admin.query('begin; set local session_replication_role = replica');
    for (const { name, text } of tables) {
      const table = `${to}.${quoteIdentifier(name)}`;
      const columns = await admin.query<{ column: string }>(
        `select quote_ident(attname) as column from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
        [table],
      );
      const list = columns.rows.map(({ column }) => column).join(', ');
      await admin.query(
        `insert into ${table} (${list}) select ${list} from jsonb_populate_recordset(null::${table}, $1::jsonb) on conflict do nothing`,
        [text.replaceAll(a.books.marker, b.books.marker)],
      );
    }
    await admin.query('commit');
  }, b.store.database);
}
