import { LedgerError } from '@cofferdam/core';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { taken } from './constraint-errors.js';
import { bornColumns, type Description, mergePatch, type Origin } from './described-columns.js';
import {
  and,
  deleteEntity,
  type EntityRow,
  eraseEntity,
  getAny,
  getLive,
  insertEntity,
  liveIn,
  updateEntity,
} from './entity-rows.js';
import { mergedPart, partColumn } from './merge-parts.js';
import { lockOrganization } from './parents.js';
import type { TenantTx } from './with-tenant.js';

export interface OrganizationPlace {
  readonly organization_id: string;
}

export interface HolderChange extends Pick<Description, 'metadata'> {
  readonly name?: string;
  /** Null clears these, undefined changes nothing; members of the objects likewise. */
  readonly externalId?: string | null;
  readonly addresses?: object | null;
  readonly contact?: object | null;
  readonly naturalPerson?: object | null;
  readonly legalPerson?: object | null;
}

export interface NewHolder extends HolderChange {
  readonly type: string;
  readonly name: string;
  readonly document: string;
}

/** Throws 0038 for an unknown organization, CRM-0010 for a document that another holder of it has. */
export async function createHolder(
  tx: TenantTx,
  origin: Origin,
  place: OrganizationPlace,
  given: NewHolder,
): Promise<EntityRow<'holder'>> {
  await lockOrganization(tx, place.organization_id, 'share');
  // Before the insert: a unique violation would end the transaction with its idempotency key half made.
  const same = and([...liveIn(place), sql`document = ${given.document}`]);
  const { rows } = await sql`select 1 from holder where ${same} limit 1`.execute(tx);
  if (rows.length > 0) throw taken('holder_document_live');
  return await insertEntity(tx, 'holder', {
    ...bornColumns(origin, given),
    ...place,
    type: given.type,
    name: given.name,
    document: given.document,
    external_id: given.externalId ?? null,
    addresses: partColumn(given.addresses),
    contact: partColumn(given.contact),
    natural_person: partColumn(given.naturalPerson),
    legal_person: partColumn(given.legalPerson),
  });
}

/** Throws CRM-0006. */
export async function changeHolder(
  tx: TenantTx,
  origin: Origin,
  place: OrganizationPlace,
  id: string,
  given: HolderChange,
): Promise<EntityRow<'holder'>> {
  const row = await getLive(tx, 'holder', place, id, 'update');
  return await updateEntity(tx, 'holder', id, {
    name: given.name,
    external_id: given.externalId,
    addresses: mergedPart(row.addresses, given.addresses),
    contact: mergedPart(row.contact, given.contact),
    natural_person: mergedPart(row.natural_person, given.naturalPerson),
    legal_person: mergedPart(row.legal_person, given.legalPerson),
    metadata: stringifyJson(mergePatch(row.metadata, given.metadata)),
    updated_at: origin.now().toISOString(),
  });
}

/**
 * A hard delete removes the row itself, also of a holder that was deleted softly before. The row is locked first, so
 * that no account and no instrument can be given to it meanwhile. Throws CRM-0006, CRM-0017, CRM-0030.
 */
export async function deleteHolder(
  tx: TenantTx,
  origin: Origin,
  place: OrganizationPlace,
  id: string,
  hard: boolean,
): Promise<void> {
  await getAny(tx, 'holder', place, id, hard, 'update');
  const owned = sql`holder_id = ${id} and deleted_at is null`;
  const { rows: instruments } = await sql`select 1 from instrument where ${owned} limit 1`.execute(tx);
  if (instruments.length > 0)
    throw new LedgerError('holder_has_instruments', {
      detail: 'The holder has instruments. Delete them first.',
      entityType: 'Holder',
    });
  const { rows: accounts } = await sql`select 1 from account where ${owned} limit 1`.execute(tx);
  if (accounts.length > 0)
    throw new LedgerError('holder_has_accounts', {
      detail: 'Accounts belong to the holder. Delete them first.',
      entityType: 'Holder',
    });
  if (hard) await eraseEntity(tx, 'holder', id);
  else await deleteEntity(tx, 'holder', id, origin.now());
}
