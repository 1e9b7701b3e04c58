import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Books, newPoster, openBooks, transfer } from './books.js';

/** The second wall: what the planner would never write, sent straight to the tables under the run-time login. */
let books: Books;
let ids: { accountId: string; balanceId: string };
let transactionId: string;
let operationId: string;
beforeAll(async () => {
  books = await openBooks();
  ids = await books.addAccount('@a', { available: '10' });
  await books.addAccount('@b');
  await books.addAccount('@external/USD');
  const posted = await newPoster().post(books.store.tenant, transfer(books, '1', [['@a', '1']], [['@b', '1']]));
  transactionId = posted.transaction.id;
  operationId = posted.operations[0]?.id ?? '';
});
afterAll(() => books.store.drop());

const run = (sql: string, values: unknown[] = []) => books.store.tenant.pool.pg.query(sql, values);

interface Row {
  readonly direction?: 'credit' | 'debit';
  readonly transaction?: number;
  readonly asset?: string;
  readonly available?: readonly [before: string, after: string];
  readonly onHold?: readonly [before: string, after: string];
}

/** One insert of several operations, as the trigger sees them. */
function insertOperations(rows: readonly Row[]) {
  const values = rows.map(
    ({ direction = 'credit', transaction = 1, asset = 'USD', available = ['0', '0'], onHold = ['0', '0'] }) =>
      `(gen_random_uuid(), '00000000-0000-0000-0000-00000000000${transaction}', '${books.organizationId}',
        '${books.ledgerId}', '${ids.accountId}', '${ids.balanceId}', '@a', 'default', '${direction}', 'DEBIT', 'debit',
        '${asset}', 1, ${available}, ${onHold}, 0, 1, 'APPROVED', now(), now())`,
  );
  return run(
    `insert into operation (id, transaction_id, organization_id, ledger_id, account_id, balance_id, account_alias,
       balance_key, balance_direction, type, direction, asset_code, amount, available_before, available_after,
       on_hold_before, on_hold_after, version_before, version_after, status, created_at, updated_at)
     values ${values.join(',')}`,
  );
}

const unbalanced = { code: '23514', constraint: 'operations_balance' };

describe('the database by itself', () => {
  it('takes operations that balance', async () => {
    await insertOperations([{ available: ['5', '4'] }, { available: ['0', '1'] }]);
    await insertOperations([
      { direction: 'debit', available: ['0', '1'] },
      { direction: 'credit', available: ['0', '1'] },
    ]);
    await insertOperations([{ available: ['5', '4'], onHold: ['0', '1'] }]);
  });

  it.each<[string, readonly Row[]]>([
    ['money from nothing', [{ available: ['0', '1'] }]],
    ['money into nothing', [{ available: ['1', '0'] }]],
    ['one side larger', [{ available: ['5', '4'] }, { available: ['0', '1.00000000000000000000000000000001'] }]],
    [
      'a debit-direction balance moved the wrong way',
      [{ available: ['5', '4'] }, { direction: 'debit', available: ['0', '1'] }],
    ],
    ['two assets that cancel out', [{ available: ['5', '4'] }, { asset: 'EUR', available: ['0', '1'] }]],
    ['two transactions that cancel out', [{ available: ['5', '4'] }, { transaction: 2, available: ['0', '1'] }]],
    ['a hold of more than was taken', [{ available: ['5', '4'], onHold: ['0', '2'] }]],
  ])('refuses %s', async (_what, rows) => {
    await expect(insertOperations(rows)).rejects.toMatchObject(unbalanced);
  });

  it('refuses a balance below what the rules allow', async () => {
    const update = (set: string, alias = '@a') => run(`update balance set ${set} where alias = $1`, [alias]);
    await expect(update('available = -0.01')).rejects.toMatchObject({ constraint: 'balance_available_not_negative' });
    await expect(update('on_hold = -1')).rejects.toMatchObject({ constraint: 'balance_on_hold_not_negative' });
    await expect(update('overdraft_used = -1')).rejects.toMatchObject({
      constraint: 'balance_overdraft_used_not_negative',
    });
    await update('available = -5', '@external/USD');
  });

  it('lets the run-time login neither change nor remove what was posted', async () => {
    for (const statement of [
      `update operation set amount = 2 where id = '${operationId}'`,
      `update operation set available_after = 2 where id = '${operationId}'`,
      `update operation set transaction_id = id where id = '${operationId}'`,
      `delete from operation where id = '${operationId}'`,
      `update transaction set amount = 2 where id = '${transactionId}'`,
      `update transaction set created_at = now() where id = '${transactionId}'`,
      `delete from transaction where id = '${transactionId}'`,
      'truncate operation',
      'alter table operation disable trigger operations_balance',
      'drop trigger operations_balance on operation',
      'delete from outbox',
      'delete from balance',
    ])
      await expect(run(statement), statement).rejects.toMatchObject({ code: '42501' });
    await expect(run('set session_replication_role = replica')).rejects.toMatchObject({ code: '42501' });
  });
});
