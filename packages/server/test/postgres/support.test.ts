import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLedgerStore, type LedgerStore } from '../support/cluster.js';

let store: LedgerStore;
beforeAll(async () => {
  store = await createLedgerStore();
});
afterAll(() => store.drop());

test('the run-time login reaches its schema and may do no more than it must', async () => {
  const pool = store.tenant.pool.pg;
  expect((await pool.query('select current_schema() as schema')).rows).toEqual([{ schema: 'ledger' }]);
  expect((await pool.query('select count(*) as count from balance')).rows).toEqual([{ count: 0 }]);
  for (const forbidden of [
    'create table ledger.mine ()',
    'create temp table mine ()',
    'delete from transaction',
    'truncate balance',
    'update operation set amount = 1',
    'drop table balance',
  ])
    await expect(pool.query(forbidden), forbidden).rejects.toMatchObject({ code: '42501' });
});
