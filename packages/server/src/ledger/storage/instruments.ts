import { LedgerError } from '@cofferdam/core';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { taken } from './constraint-errors.js';
import { bornColumns, type Description, mergePatch, type Origin } from './described-columns.js';
import {
  deleteEntity,
  type EntityRow,
  eraseEntity,
  findLive,
  getAny,
  getLive,
  insertEntity,
  updateEntity,
} from './entity-rows.js';
import { mergedPart, partColumn } from './merge-parts.js';
import { type RelatedPartyInput, readRelatedParties } from './related-parties.js';
import type { TenantTx } from './with-tenant.js';

/** Where an instrument is by its path. */
export interface HolderPlace {
  readonly organization_id: string;
  readonly holder_id: string;
}

export interface InstrumentChange extends Pick<Description, 'metadata'> {
  readonly bankingDetails?: { readonly closingDate?: string | null } | null;
  readonly regulatoryFields?: object | null;
  /** Of a PATCH: added to those there are. */
  readonly relatedParties?: readonly RelatedPartyInput[] | null;
}

export interface NewInstrument extends InstrumentChange {
  readonly ledgerId: string;
  readonly accountId: string;
}

/** Throws in this order: CRM-0025 to CRM-0029, CRM-0006, 0488, 0489, CRM-0013 (ledger-api §9.2). */
export async function createInstrument(
  tx: TenantTx,
  origin: Origin,
  place: HolderPlace,
  given: NewInstrument,
): Promise<EntityRow<'instrument'>> {
  const parties = readRelatedParties(given.relatedParties, origin.newId);
  const { organization_id } = place;
  const holder = await getLive(tx, 'holder', { organization_id }, place.holder_id, 'share');
  if ((await findLive(tx, 'ledger', { organization_id }, given.ledgerId, 'share')) === undefined)
    throw new LedgerError('instrument_ledger_reference_not_found', {
      detail: 'ledgerId is not the id of a ledger of this organization.',
      entityType: 'Instrument',
    });
  const inLedger = { organization_id, ledger_id: given.ledgerId };
  // Two creates for one account take turns at its row.
  if ((await findLive(tx, 'account', inLedger, given.accountId, 'update')) === undefined)
    throw new LedgerError('instrument_account_reference_not_found', {
      detail: 'accountId is not the id of an account of that ledger.',
      entityType: 'Instrument',
    });
  const { rows } = await sql`
    select 1 from instrument where account_id = ${given.accountId} and deleted_at is null`.execute(tx);
  if (rows.length > 0) throw taken('instrument_account_live');
  return await insertEntity(tx, 'instrument', {
    ...bornColumns(origin, given),
    ...inLedger,
    holder_id: holder.id,
    account_id: given.accountId,
    document: holder.document,
    type: holder.type,
    banking_details: partColumn(given.bankingDetails),
    regulatory_fields: partColumn(given.regulatoryFields),
    related_parties: stringifyJson(parties),
  });
}

/** Throws CRM-0008, CRM-0023, CRM-0025 to CRM-0029. */
export async function changeInstrument(
  tx: TenantTx,
  origin: Origin,
  place: HolderPlace,
  id: string,
  given: InstrumentChange,
): Promise<EntityRow<'instrument'>> {
  const row = await getLive(tx, 'instrument', place, id, 'update');
  refuseEarlyClosing(row, given.bankingDetails?.closingDate);
  const added = readRelatedParties(given.relatedParties, origin.newId);
  return await updateEntity(tx, 'instrument', id, {
    banking_details: mergedPart(row.banking_details, given.bankingDetails),
    regulatory_fields: mergedPart(row.regulatory_fields, given.regulatoryFields),
    related_parties: stringifyJson([...row.related_parties, ...added]),
    metadata: stringifyJson(mergePatch(row.metadata, given.metadata)),
    updated_at: origin.now().toISOString(),
  });
}

/** Days are compared: an instrument may be closed on the day it was made. */
function refuseEarlyClosing(row: EntityRow<'instrument'>, closingDate: string | null | undefined): void {
  if (!closingDate || closingDate.slice(0, 10) >= row.created_at.slice(0, 10)) return;
  throw new LedgerError('closing_date_before_creation', {
    detail: 'bankingDetails.closingDate is before the day on which the instrument was created. Send a later date.',
    entityType: 'Instrument',
  });
}

/** A hard delete removes the row itself, also of one that was deleted softly before. Throws CRM-0008. */
export async function deleteInstrument(
  tx: TenantTx,
  origin: Origin,
  place: HolderPlace,
  id: string,
  hard: boolean,
): Promise<void> {
  await getAny(tx, 'instrument', place, id, hard, 'update');
  if (hard) await eraseEntity(tx, 'instrument', id);
  else await deleteEntity(tx, 'instrument', id, origin.now());
}

/** Throws CRM-0008 and CRM-0024. */
export async function deleteRelatedParty(
  tx: TenantTx,
  origin: Origin,
  place: HolderPlace,
  id: string,
  partyId: string,
): Promise<void> {
  const { related_parties: parties } = await getLive(tx, 'instrument', place, id, 'update');
  const left = parties.filter((party) => party.id !== partyId);
  if (left.length === parties.length)
    throw new LedgerError('related_party_not_found', {
      detail: 'The instrument has no related party with this id.',
      entityType: 'Instrument',
    });
  await updateEntity(tx, 'instrument', id, {
    related_parties: stringifyJson(left),
    updated_at: origin.now().toISOString(),
  });
}
