import { LedgerError } from '@cofferdam/core';
import { type EntityRow, findLive, type RowLock } from './entity-rows.js';
import type { TenantTx } from './with-tenant.js';

/**
 * The parents of a create. A deleted parent, or a ledger of another organization, is refused like an unknown one
 * (ledger-api §3.5). The row is locked, so that it is still there when the child is committed.
 */
export async function lockOrganization(tx: TenantTx, id: string, lock: RowLock): Promise<EntityRow<'organization'>> {
  const row = await findLive(tx, 'organization', {}, id, lock);
  if (row !== undefined) return row;
  throw new LedgerError('organization_id_not_found', {
    detail: 'No organization has the id in the path. Create the organization first, or check organization_id.',
    entityType: 'Organization',
  });
}

export interface LedgerPlace {
  readonly organization_id: string;
  readonly ledger_id: string;
}

/** Throws 0037, also when the organization is unknown as well. */
export async function lockLedger(tx: TenantTx, place: LedgerPlace, lock: RowLock): Promise<EntityRow<'ledger'>> {
  const row = await findLive(tx, 'ledger', { organization_id: place.organization_id }, place.ledger_id, lock);
  if (row !== undefined) return row;
  throw new LedgerError('ledger_id_not_found', {
    detail: 'No ledger of this organization has the id in the path. Create the ledger first, or check ledger_id.',
    entityType: 'Ledger',
  });
}
