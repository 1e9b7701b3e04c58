import { LedgerError } from '@cofferdam/core';
import type { LedgerPlace } from './parents.js';
import type { OperationRow } from './transaction-rows.js';
import type { TenantTx } from './with-tenant.js';

/** One operation by its id and by what the path says it belongs to. Throws `entity_not_found`. */
export async function getOperation(
  tx: TenantTx,
  place: LedgerPlace,
  where: { readonly id: string; readonly transaction_id?: string; readonly account_id?: string },
): Promise<OperationRow> {
  let query = tx
    .selectFrom('operation')
    .selectAll()
    .where('id', '=', where.id)
    .where('organization_id', '=', place.organization_id)
    .where('ledger_id', '=', place.ledger_id)
    .where('deleted_at', 'is', null);
  if (where.transaction_id !== undefined) query = query.where('transaction_id', '=', where.transaction_id);
  if (where.account_id !== undefined) query = query.where('account_id', '=', where.account_id);
  const row = await query.executeTakeFirst();
  if (row === undefined)
    throw new LedgerError('entity_not_found', {
      entityType: 'Operation',
      detail:
        'No Operation was found for this id at this path. Check the ids in the path; a deleted record is not found either.',
    });
  return row;
}
