import { type RawBuilder, sql } from 'kysely';
import { createdWindow } from './created-window.js';
import { and, liveIn } from './entity-rows.js';
import { equals } from './list-rows.js';
import type { LedgerPlace } from './parents.js';
import { type OperationRow, type TransactionRow, transactionNotFound } from './transaction-rows.js';
import type { TenantTx } from './with-tenant.js';

/** Throws `entity_not_found`, in the same words wherever the transaction is if not here. */
export async function getTransaction(
  tx: TenantTx,
  place: LedgerPlace,
  id: string,
  lock: 'none' | 'update' = 'none',
): Promise<TransactionRow> {
  const query = tx
    .selectFrom('transaction')
    .selectAll()
    .where('id', '=', id)
    .where('organization_id', '=', place.organization_id)
    .where('ledger_id', '=', place.ledger_id)
    .where('deleted_at', 'is', null);
  const row = await (lock === 'update' ? query.forUpdate() : query).executeTakeFirst();
  if (row === undefined) throw transactionNotFound();
  return row;
}

/** The operations of several transactions, each list in id order, with one statement. */
export async function findOperationsOf(
  tx: TenantTx,
  transactionIds: readonly string[],
): Promise<ReadonlyMap<string, OperationRow[]>> {
  const byTransaction = new Map<string, OperationRow[]>(transactionIds.map((id) => [id, []]));
  if (transactionIds.length === 0) return byTransaction;
  const { rows } = await sql<OperationRow>`
    select * from operation where transaction_id = any(${transactionIds}::uuid[]) and deleted_at is null order by id
  `.execute(tx);
  for (const row of rows) byTransaction.get(row.transaction_id)?.push(row);
  return byTransaction;
}

/** Transactions created in a period, by exact route and by stored status. */
export async function countTransactions(
  tx: TenantTx,
  place: LedgerPlace,
  filter: {
    readonly from: string;
    readonly to: string;
    readonly route: string | undefined;
    readonly status: TransactionRow['status'] | undefined;
  },
): Promise<number> {
  const own = [...liveIn(place), ...equals('route', filter.route), ...equals('status', filter.status)];
  const { written, backdated } = createdWindow(filter);
  const count = (conditions: RawBuilder<unknown>[]) =>
    sql`(select count(*) from transaction where ${and([...own, ...conditions])})`;
  const { rows } = await sql<{ total: number }>`select ${count(written)} + ${count(backdated)} as total`.execute(tx);
  return rows[0]?.total ?? 0;
}
