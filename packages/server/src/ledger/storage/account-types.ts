import { stringifyJson } from '../../http/json.js';
import { bornColumns, type Description, mergePatch, type Origin } from './described-columns.js';
import { type EntityRow, getLive, insertEntity, updateEntity } from './entity-rows.js';
import { type LedgerPlace, lockLedger, lockOrganization } from './parents.js';
import type { TenantTx } from './with-tenant.js';

export interface AccountTypeChange extends Pick<Description, 'metadata'> {
  readonly name?: string | null;
  readonly description?: string | null;
}

export interface NewAccountType extends AccountTypeChange {
  readonly name: string;
  readonly keyValue: string;
}

/** No event (ledger-api §13). Throws 0038, 0037, and 0108 by its unique index for a keyValue that is taken. */
export async function createAccountType(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: NewAccountType,
): Promise<EntityRow<'account_type'>> {
  await lockOrganization(tx, place.organization_id, 'share');
  await lockLedger(tx, place, 'share');
  return await insertEntity(tx, 'account_type', {
    ...bornColumns(origin, given),
    ...place,
    name: given.name,
    description: given.description ?? null,
    key_value: given.keyValue.toLowerCase(),
  });
}

/** Throws 0109. */
export async function changeAccountType(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: AccountTypeChange,
): Promise<EntityRow<'account_type'>> {
  const row = await getLive(tx, 'account_type', place, id, 'update');
  return await updateEntity(tx, 'account_type', id, {
    name: given.name ?? undefined,
    description: given.description ?? undefined,
    metadata: stringifyJson(mergePatch(row.metadata, given.metadata)),
    updated_at: origin.now().toISOString(),
  });
}
