import type { OperationRow, TransactionRow } from './transaction-rows.js';
import type { TenantClient } from './with-tenant.js';

/** What commits, cancels and reverts must know of the transactions they act on. */
export interface EarlierRows {
  /** Locked, in id order. */
  readonly transactions: readonly TransactionRow[];
  /** Of all of them, in id order. */
  readonly operations: readonly OperationRow[];
  /** Transactions that already have a reversal. */
  readonly revertedIds: readonly string[];
  /** Holds that have ended, and when. */
  readonly endedHolds: readonly { readonly transactionId: string; readonly endedAt: string }[];
}

export const nothingEarlier: EarlierRows = Object.freeze({
  transactions: [],
  operations: [],
  revertedIds: [],
  endedHolds: [],
});

/**
 * Locks the transactions named, before any balance: the one order of every writer. Their operations and reversals are
 * read by statements of their own, whose snapshots are younger than the locks. None is prepared: a kept `select *`
 * fails ("cached plan must not change result type") in a process that still runs when a later release adds a column.
 */
export async function lockEarlierRows(
  client: TenantClient,
  endingIds: readonly string[],
  revertIds: readonly string[],
): Promise<EarlierRows> {
  if (endingIds.length === 0 && revertIds.length === 0) return nothingEarlier;
  const { rows: transactions } = await client.query<TransactionRow>({
    text: 'select * from transaction where id = any($1::uuid[]) and deleted_at is null order by id for update',
    values: [[...endingIds, ...revertIds]],
  });
  const operations = await readOperationsOf(client, [...endingIds, ...revertIds]);
  const revertedIds = revertIds.length === 0 ? [] : await readReversedIds(client, revertIds);
  const ending = new Set(endingIds);
  const notPending = transactions.filter((t) => ending.has(t.id) && t.status !== 'PENDING').map((t) => t.id);
  const endedHolds = notPending.length === 0 ? [] : await readEndedHolds(client, notPending);
  return { transactions, operations, revertedIds, endedHolds };
}

async function readOperationsOf(client: TenantClient, ids: readonly string[]): Promise<OperationRow[]> {
  const { rows } = await client.query<OperationRow>({
    text: 'select * from operation where transaction_id = any($1::uuid[]) order by id',
    values: [ids],
  });
  return rows;
}

async function readReversedIds(client: TenantClient, ids: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    text: 'select parent_transaction_id as id from transaction where parent_transaction_id = any($1::uuid[])',
    values: [ids],
  });
  return rows.map((row) => row.id);
}

async function readEndedHolds(client: TenantClient, ids: readonly string[]): Promise<EarlierRows['endedHolds']> {
  const { rows } = await client.query<{ transaction_id: string; ended_at: string }>({
    text: `select transaction_id, max(created_at) as ended_at from operation
           where transaction_id = any($1::uuid[]) group by transaction_id having bool_or(type = 'ON_HOLD')`,
    values: [ids],
  });
  return rows.map((row) => ({ transactionId: row.transaction_id, endedAt: row.ended_at }));
}
