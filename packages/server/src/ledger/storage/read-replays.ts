import type { OperationRow, TransactionRow } from './transaction-rows.js';
import type { TenantClient } from './with-tenant.js';

/** The first answer of a remembered create, as it was or as its rows still say it. */
export interface Replay {
  readonly transaction: TransactionRow;
  readonly operations: readonly OperationRow[];
  /** Undefined unless the transaction has been changed since. */
  readonly firstAnswer: unknown;
}

/**
 * By transaction id. One snapshot for all statements: a PATCH saves the first answer and changes the rows in one commit,
 * and we must see either both or neither. No locks, so the lock order is not touched.
 */
export async function readReplays(client: TenantClient, ids: readonly string[]): Promise<ReadonlyMap<string, Replay>> {
  await client.query('begin isolation level repeatable read read only');
  const read = async <Row extends object>(text: string) => (await client.query<Row>(text, [ids])).rows;
  const transactions = await read<TransactionRow>('select * from transaction where id = any($1::uuid[])');
  const operations = await read<OperationRow>(
    'select * from operation where transaction_id = any($1::uuid[]) order by id',
  );
  const answers = await read<{ transaction_id: string; first_answer: unknown }>(
    'select transaction_id, first_answer from idempotency_key where transaction_id = any($1::uuid[]) and first_answer is not null',
  );
  await client.query('commit');
  const firstAnswers = new Map(answers.map((row) => [row.transaction_id, row.first_answer]));
  const operationsOf = new Map<string, OperationRow[]>();
  for (const operation of operations) {
    const list = operationsOf.get(operation.transaction_id) ?? [];
    list.push(operation);
    operationsOf.set(operation.transaction_id, list);
  }
  return new Map(
    transactions.map((transaction) => [
      transaction.id,
      {
        transaction,
        operations: operationsOf.get(transaction.id) ?? [],
        firstAnswer: firstAnswers.get(transaction.id),
      },
    ]),
  );
}
