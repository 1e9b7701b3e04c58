import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { mergePatch } from '../storage/described-columns.js';
import { getOperation } from '../storage/find-operations.js';
import { findOperationsOf, getTransaction } from '../storage/find-transactions.js';
import type { LedgerPlace } from '../storage/parents.js';
import type { Metadata } from '../storage/tables.js';
import type { OperationRow, TransactionRow } from '../storage/transaction-rows.js';
import type { TenantTx } from '../storage/with-tenant.js';
import { createdView } from '../views/transaction.js';

/** What a PATCH of a transaction or operation may change. Absent members stay. */
export interface TextPatch {
  readonly description?: string | undefined;
  /** JSON Merge Patch; null empties it. */
  readonly metadata?: Metadata | null | undefined;
}

/**
 * Changes a transaction's texts. The answer of its create is saved first where a key still remembers it, because it is
 * otherwise rebuilt from these rows. Lock order: transaction, then keys.
 */
export async function patchTransaction(
  tx: TenantTx,
  place: LedgerPlace,
  id: string,
  patch: TextPatch,
  at: Date,
): Promise<TransactionRow> {
  const row = await getTransaction(tx, place, id, 'update');
  await saveFirstAnswer(tx, row, at);
  return tx
    .updateTable('transaction')
    .set({
      updated_at: at.toISOString(),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      ...(patch.metadata === undefined ? {} : { metadata: stringifyJson(mergePatch(row.metadata, patch.metadata)) }),
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** As `patchTransaction`, for one operation: it is part of that answer too. */
export async function patchOperation(
  tx: TenantTx,
  place: LedgerPlace,
  where: { readonly id: string; readonly transactionId: string },
  patch: TextPatch,
  at: Date,
): Promise<OperationRow> {
  const transaction = await getTransaction(tx, place, where.transactionId, 'update');
  const row = await getOperation(tx, place, { id: where.id, transaction_id: where.transactionId });
  await saveFirstAnswer(tx, transaction, at);
  return tx
    .updateTable('operation')
    .set({
      updated_at: at.toISOString(),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      ...(patch.metadata === undefined
        ? {}
        : { metadata: stringifyJson(mergePatch(row.metadata ?? {}, patch.metadata)) }),
    })
    .where('id', '=', where.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Copy on write: only the first change after the create finds nothing saved yet. */
async function saveFirstAnswer(tx: TenantTx, transaction: TransactionRow, at: Date): Promise<void> {
  const { rows } = await sql`
    select 1 from idempotency_key
    where transaction_id = ${transaction.id} and first_answer is null and expires_at > ${at.toISOString()}
    for update
  `.execute(tx);
  if (rows.length === 0) return;
  const operations = (await findOperationsOf(tx, [transaction.id])).get(transaction.id) ?? [];
  const answer = stringifyJson(createdView({ transaction, operations }));
  await sql`
    update idempotency_key set first_answer = ${answer}
    where transaction_id = ${transaction.id} and first_answer is null
  `.execute(tx);
}
