import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { physicalName } from '../../../src/tenancy/physical-names.js';
import { asAdmin } from '../../support/cluster.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { booksOf, loginOf, readBooks, startLoad, until } from './support.js';

/** Too many rows to read them all in the pause: what is old is compared before it, what is new in it. */
const transactions = 100_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' });
}, 180_000);
afterAll(() => server?.stop());

/** One transaction of the tenant and its lines, over and over, under ids of years ago. */
async function multiply(schema: string): Promise<void> {
  await asAdmin(async (admin) => {
    const columns = async (table: string, not: string[]) => {
      const { rows } = await admin.query<{ list: string }>(
        `select string_agg(quote_ident(attname), ', ' order by attnum) as list from pg_attribute
          where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attname <> all ($2)`,
        [`${schema}.${table}`, not],
      );
      return String(rows[0]?.list);
    };
    const ofTransaction = await columns('transaction', ['id']);
    const ofOperation = await columns('operation', ['id', 'transaction_id']);
    const id = (from: string, n: string) => `('${from}-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
    const { rows } = await admin.query(`select transaction_id as id from ${schema}.operation limit 1`);
    await admin.query(
      `insert into ${schema}.transaction (id, ${ofTransaction})
       select ${id('01900000', 'n')}, ${ofTransaction} from ${schema}.transaction, generate_series(1, ${transactions}) n
        where id = '${rows[0].id}'`,
    );
    await admin.query(
      `insert into ${schema}.operation (id, transaction_id, ${ofOperation})
       select ${id('01900001', '2 * n + line')}, ${id('01900000', 'n')}, ${ofOperation}
         from (select *, row_number() over (order by id)::int - 1 as line from ${schema}.operation
                where transaction_id = '${rows[0].id}') o, generate_series(1, ${transactions}) n`,
    );
  }, server.names.sharedDatabase);
}

test('300,000 rows while written to: the pause re-reads only new rows and stays under 2 s; an old row that was tampered with is found before it', async () => {
  const tenant = await server.createTenant({ isolation: 'schema' });
  const { token, books } = await booksOf(server, tenant);
  const before = await loginOf(server, tenant.id);
  const schema = physicalName(tenant.id as TenantId);
  const made = await readBooks(before);
  await multiply(schema);
  const load = startLoad([server], token, books, 2);
  try {
    const begun = await server.operate('POST', `/v1/tenants/${tenant.id}/move`, { body: { isolation: 'database' } });
    expect(begun.status, begun.text).toBe(202);
    const { details } = await until(server, begun.body.id, (move) => move.details.phase === 'await', 300);
    expect(details.compared.rows).toBeGreaterThan(3 * transactions);
    expect(details.comparedAgain.rows).toBeLessThan(details.compared.rows / 10);
    expect(details.pauseMs).toBeLessThan(2_000);
    // Whoever had waited for 2 s would have been refused.
    expect(load.failures).toEqual([]);

    const atOldPlace = (sql: string, values: unknown[] = []) =>
      asAdmin(async (admin) => (await admin.query(sql, values)).rows, server.names.sharedDatabase);
    const oldest = `(select min(id::text)::uuid from ${schema}.operation)`;
    const [untouched] = await atOldPlace(`select description from ${schema}.operation where id = ${oldest}`);
    const tamper = (text: string) =>
      atOldPlace(`update ${schema}.operation set description = $1 where id = ${oldest}`, [text]);
    const revert = () => server.operate('POST', `/v1/tenants/${tenant.id}/move/revert`);
    await tamper('tampered');
    expect((await revert()).status).toBe(202);
    const kept = await until(
      server,
      begun.body.id,
      (move) => move.details.phase === 'await' && move.error !== null,
      300,
    );
    expect(kept.error).toMatch(/^the two places differ in operation \(\d+ rows at one, \d+ at the other\)$/);
    // It serves where it did, and nobody has waited.
    expect(kept.details.pauseMs).toBe(details.pauseMs);
    expect((await loginOf(server, tenant.id)).database).toBe(schema);

    await tamper(untouched.description);
    expect((await revert()).status).toBe(202);
    const back = await until(server, begun.body.id, ({ state }) => state === 'cancelled', 300);
    expect(back.details.pauseMs).toBeLessThan(2_000);
    console.log(`pauses of ${details.pauseMs} and ${back.details.pauseMs} ms, ${details.compared.rows} rows`);
    expect(load.failures).toEqual([]);
  } finally {
    await load.stop();
  }
  expect(await loginOf(server, tenant.id)).toMatchObject(before);
  const there = await readBooks(before);
  expect(there.ids).toHaveLength(made.ids.length + transactions + load.acknowledged.length);
  expect(there.ids).toEqual(expect.arrayContaining([...load.acknowledged]));
  expect(there.unbalanced).toBe(0);
}, 900_000);
