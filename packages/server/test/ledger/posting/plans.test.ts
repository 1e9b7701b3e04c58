import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginPosting } from '../../../src/ledger/storage/begin-posting.js';
import type { TenantClient } from '../../../src/ledger/storage/with-tenant.js';
import { type Books, newPoster, openBooks, transfer } from './books.js';

let books: Books;
beforeAll(async () => {
  // One connection: the prepared statements that are looked at below are those that posting used.
  books = await openBooks({ max: 1 });
  await books.addAccount('@a', { available: '1000' });
  await books.addAccount('@b');
  // Enough of them, and never analyzed: with plain equality the planner takes the index that passes over them all.
  for (let i = 0; i < 300; i += 1) await books.addAccount(`@${i}`);
});
afterAll(() => books.store.drop());

describe('the plans that posting keeps', () => {
  it('look every table up by index, although they were made when the tables were almost empty and never analyzed', async () => {
    const poster = newPoster();
    const { tenant } = books.store;
    const { organizationId, ledgerId } = books;
    for (let i = 0; i < 12; i += 1) {
      const order = transfer(books, '1', [['@a', '1']], [['@b', '1']], {
        idempotencyKey: `k${i}`,
        kind: i % 2 ? 'hold' : 'direct',
      });
      const { transaction } = await poster.post(tenant, order);
      const kind = i % 2 ? 'commit' : 'revert';
      await poster.post(tenant, { kind, organizationId, ledgerId, transactionId: transaction.id });
    }
    const client = await tenant.pool.pg.connect();
    try {
      const { rows: statements } = await client.query(
        'select name, array_length(parameter_types, 1) as parameters from pg_prepared_statements',
      );
      const names = statements.map((statement) => statement.name);
      expect(names).toEqual(
        expect.arrayContaining(['lock-balances', 'read-batch-context', 'write-batch-0000', 'write-batch-1000']),
      );
      // Whether PostgreSQL keeps one plan or makes one for the values at hand is its own decision: look at the worse case.
      await beginPosting(client as TenantClient);
      await client.query('set local plan_cache_mode = force_generic_plan');
      for (const { name, parameters } of statements) {
        // A moment where one is wanted, empty arrays elsewhere: the kept plan does not depend on the values.
        const { rows: types } = await client.query(
          'select parameter_types::text[] as types from pg_prepared_statements where name = $1',
          [name],
        );
        const values = (types[0].types as string[]).map((type) => (type.endsWith('[]') ? `'{}'` : 'now()'));
        expect(values).toHaveLength(parameters);
        const { rows } = await client.query(`explain execute "${name}"(${values.join(',')})`);
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        expect(plan, `${name}\n${plan}`).not.toContain('Seq Scan');
        // By the whole name, never over all balances of a ledger.
        expect(plan, `${name}\n${plan}`).not.toContain('balance_ledger');
        if (name === 'lock-balances') expect(plan).toContain('balance_alias_key_live');
      }
      await client.query('rollback');
    } finally {
      client.release();
    }
  });
});
