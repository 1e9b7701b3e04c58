import { changedColumns, type Description, newColumns, type Origin } from './described-columns.js';
import { type EntityRow, getLive, insertEntity, updateEntity } from './entity-rows.js';
import { type LedgerPlace, lockLedger } from './parents.js';
import { recordEvent } from './record-event.js';
import type { TenantTx } from './with-tenant.js';

export interface PortfolioChange extends Description {
  readonly name?: string;
  readonly entityId?: string | null;
}

/** Names may repeat. Throws 0037 for an unknown ledger. */
export async function createPortfolio(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: PortfolioChange & { readonly name: string },
): Promise<EntityRow<'portfolio'>> {
  await lockLedger(tx, place, 'share');
  const row = await insertEntity(tx, 'portfolio', {
    ...newColumns(origin, given),
    ...place,
    name: given.name,
    entity_id: given.entityId || null,
  });
  await recordEvent(tx, 'portfolio.created', row.id);
  return row;
}

/** Throws 0007. */
export async function changePortfolio(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: PortfolioChange,
): Promise<EntityRow<'portfolio'>> {
  const row = await getLive(tx, 'portfolio', place, id, 'update');
  const changed = await updateEntity(tx, 'portfolio', id, {
    ...changedColumns(origin, row, given),
    name: given.name,
    entity_id: given.entityId ?? undefined,
  });
  await recordEvent(tx, 'portfolio.updated', id);
  return changed;
}
