import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditBooks } from '../../../src/ledger/audit/audit-books.js';
import { openTenantPool } from '../../../src/postgres/pool.js';
import { type Books, newPoster, openBooks, transfer } from '../posting/books.js';

let books: Books;
beforeAll(async () => {
  books = await openBooks();
  await books.addAccount('@external/USD');
  await books.addAccount('@owe', { settings: { allowOverdraft: true } });
  await books.addAccount('@owe', { key: 'overdraft', direction: 'debit', settings: { balanceScope: 'internal' } });
  await books.addAccount('@to');
  await books.addAccount('@idle');
  const order = transfer(books, '30', [['@owe', '30']], [['@to', '30']], { idempotencyKey: 'k' });
  await newPoster().post(books.store.tenant, order);
});
afterAll(() => books.store.drop());

/** What breaks each rule, and what mends it again. */
const damages: readonly [rule: string, damage: string, repair: string][] = [
  [
    'debits equal credits, per transaction and asset',
    `update operation set available_after = available_after + 1 where account_alias = '@to'`,
    `update operation set available_after = available_after - 1 where account_alias = '@to'`,
  ],
  [
    'a balance is what its last operation left',
    `update balance set version = version + 1 where alias = '@to'`,
    `update balance set version = version - 1 where alias = '@to'`,
  ],
  [
    'a balance without operations is zero',
    `update balance set available = 5 where alias = '@idle'`,
    `update balance set available = 0 where alias = '@idle'`,
  ],
  [
    'operations of a balance follow one another without a gap',
    `insert into operation select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'metadata', '{"copy": 1}'::jsonb,
       'version_before', 7, 'version_after', 8, 'available_before', 5, 'available_after', 5))).* from operation o where account_alias = '@to'`,
    `delete from operation where metadata ->> 'copy' = '1'`,
  ],
  [
    'an overdraft companion carries what its account owes',
    `update balance set overdraft_used = 29 where alias = '@owe' and key = 'default'`,
    `update balance set overdraft_used = 30 where alias = '@owe' and key = 'default'`,
  ],
  [
    'an operation belongs to a transaction of its ledger',
    `update operation set ledger_id = gen_random_uuid() where account_alias = '@to'`,
    `update operation o set ledger_id = t.ledger_id from transaction t where t.id = o.transaction_id`,
  ],
  [
    'an operation belongs to a balance of its account',
    `update operation set account_id = gen_random_uuid() where account_alias = '@to'`,
    `update operation o set account_id = b.account_id from balance b where b.id = o.balance_id`,
  ],
  [
    'a transaction has operations',
    `insert into transaction select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'description', 'bare'))).* from transaction t`,
    `delete from transaction where description = 'bare'`,
  ],
  [
    'an idempotency key leads to a transaction',
    `update idempotency_key set transaction_id = gen_random_uuid()`,
    `update idempotency_key set transaction_id = (select id from transaction)`,
  ],
];

const audited: string[] = [];

test('sound books have no findings', async () => {
  expect(await auditBooks(books.store.tenant, (rule) => audited.push(rule))).toEqual([]);
});

test('takes as long as it takes: the login’s limit for requests is not its own', async () => {
  const { adminPool, settings } = books.store;
  await adminPool.query(`alter role "${settings.user}" set statement_timeout = 250`);
  const pool = openTenantPool(settings, { max: 1, applicationName: 'audit-test', searchPath: ['ledger'] });
  const holder = await adminPool.connect();
  try {
    await expect(pool.pg.query('select pg_sleep(1)')).rejects.toMatchObject({ code: '57014' });
    await holder.query('begin; lock table operation');
    const audit = auditBooks({ ...books.store.tenant, pool });
    await delay(700);
    await holder.query('commit');
    expect(await audit).toEqual([]);
  } finally {
    holder.release();
    await adminPool.query(`alter role "${settings.user}" reset statement_timeout`);
    await pool.drain(1_000);
  }
});

test.each(damages)('%s', async (rule, damage, repair) => {
  const { adminPool, tenant } = books.store;
  expect((await adminPool.query(damage)).rowCount).toBeGreaterThan(0);
  try {
    expect(await auditBooks(tenant)).toContainEqual({ rule, count: 1, example: expect.any(String) });
  } finally {
    await adminPool.query(repair);
  }
  expect(await auditBooks(tenant)).toEqual([]);
});

test('every rule is shown to find what breaks it', () => {
  expect(damages.map(([rule]) => rule)).toEqual(audited);
});
