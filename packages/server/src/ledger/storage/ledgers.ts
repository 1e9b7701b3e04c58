import { LedgerError } from '@cofferdam/core';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { changedColumns, type Description, newColumns, type Origin } from './described-columns.js';
import { and, type EntityRow, getLive, insertEntity, liveIn, updateEntity } from './entity-rows.js';
import { effectiveSettings, type LedgerSettings, mergeSettings, type StoredSettings } from './ledger-settings.js';
import { type LedgerPlace, lockOrganization } from './parents.js';
import { recordEvent } from './record-event.js';
import type { TenantTx } from './with-tenant.js';

export interface NewLedger extends Description {
  readonly name: string;
  readonly settings?: LedgerSettings | undefined;
}

/** Throws 0038 for an unknown organization, 0002 for a name that another of its ledgers has in any letter case. */
export async function createLedger(
  tx: TenantTx,
  origin: Origin,
  organizationId: string,
  given: NewLedger,
): Promise<EntityRow<'ledger'>> {
  // The lock makes two creations in one organization take turns: the look-up below sees what the other one wrote.
  await lockOrganization(tx, organizationId, 'update');
  await refuseTakenName(tx, organizationId, given.name);
  const row = await insertEntity(tx, 'ledger', {
    ...newColumns(origin, given),
    organization_id: organizationId,
    name: given.name,
    settings: given.settings === undefined ? null : stringifyJson(given.settings),
  });
  await recordEvent(tx, 'ledger.created', row.id);
  return row;
}

/** A new name is not compared with others (ledger-api §4.2). Throws 0007. */
export async function changeLedger(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: Description & { readonly name?: string },
): Promise<EntityRow<'ledger'>> {
  const row = await getLedger(tx, place, 'update');
  const changed = await updateEntity(tx, 'ledger', row.id, { ...changedColumns(origin, row, given), name: given.name });
  await recordEvent(tx, 'ledger.updated', row.id);
  return changed;
}

export function getLedger(tx: TenantTx, place: LedgerPlace, lock: 'none' | 'share' | 'update' = 'none') {
  return getLive(tx, 'ledger', { organization_id: place.organization_id }, place.ledger_id, lock);
}

/** Answers the settings in force after the change. A change of settings is no event (ledger-api §13). Throws 0007. */
export async function changeLedgerSettings(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  patch: StoredSettings,
): Promise<LedgerSettings> {
  const row = await getLedger(tx, place, 'update');
  if (Object.keys(patch).length === 0) return effectiveSettings(row.settings);
  const settings = mergeSettings(row.settings, patch);
  await updateEntity(tx, 'ledger', row.id, {
    settings: stringifyJson(settings),
    updated_at: origin.now().toISOString(),
  });
  return effectiveSettings(settings);
}

async function refuseTakenName(tx: TenantTx, organizationId: string, name: string): Promise<void> {
  const same = and([...liveIn({ organization_id: organizationId }), sql`lower(name) = lower(${name})`]);
  const { rows } = await sql`select 1 from ledger where ${same} limit 1`.execute(tx);
  if (rows.length > 0)
    throw new LedgerError('ledger_name_conflict', {
      detail:
        'A ledger with this name exists in this organization. Choose another name; letter case makes no difference.',
      entityType: 'Ledger',
    });
}
