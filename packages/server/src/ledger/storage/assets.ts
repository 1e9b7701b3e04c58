import { sql } from 'kysely';
import { taken } from './constraint-errors.js';
import { changedColumns, type Description, newColumns, type Origin } from './described-columns.js';
import { and, deleteEntity, type EntityRow, getLive, insertEntity, liveIn, updateEntity } from './entity-rows.js';
import { createExternalAccount, deleteExternalAccounts } from './external-accounts.js';
import { type LedgerPlace, lockLedger } from './parents.js';
import { recordEvent } from './record-event.js';
import type { TenantTx } from './with-tenant.js';

export interface NewAsset extends Description {
  readonly name: string;
  readonly type: string;
  readonly code: string;
}

/**
 * The asset together with its external account, through which value enters and leaves the ledger.
 * Throws 0037 for an unknown ledger, 0003 for a name or code that an asset of the ledger has.
 */
export async function createAsset(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: NewAsset,
): Promise<EntityRow<'asset'>> {
  // Creations in one ledger take turns, so that the look-up sees what the other one wrote.
  await lockLedger(tx, place, 'update');
  const same = and([...liveIn(place), sql`(name = ${given.name} or code = ${given.code})`]);
  const { rows } = await sql`select 1 from asset where ${same} limit 1`.execute(tx);
  if (rows.length > 0) throw taken('asset_code_live');
  const row = await insertEntity(tx, 'asset', {
    ...newColumns(origin, given),
    ...place,
    name: given.name,
    type: given.type,
    code: given.code,
  });
  await createExternalAccount(tx, origin, place, given.code);
  await recordEvent(tx, 'asset.created', row.id);
  return row;
}

/** A new name is not compared with others (ledger-api §4.4). Throws 0007. */
export async function changeAsset(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: Description & { readonly name?: string },
): Promise<EntityRow<'asset'>> {
  const row = await getLive(tx, 'asset', place, id, 'update');
  const changed = await updateEntity(tx, 'asset', id, { ...changedColumns(origin, row, given), name: given.name });
  await recordEvent(tx, 'asset.updated', id);
  return changed;
}

/** With its external account; no balance is checked or removed (ledger-api §4.4). Throws 0007. */
export async function deleteAsset(tx: TenantTx, origin: Origin, place: LedgerPlace, id: string): Promise<void> {
  const row = await getLive(tx, 'asset', place, id, 'update');
  await deleteEntity(tx, 'asset', id, origin.now());
  await deleteExternalAccounts(tx, origin, place, row.code);
  await recordEvent(tx, 'asset.deleted', id);
}
