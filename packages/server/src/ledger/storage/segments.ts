import { LedgerError } from '@cofferdam/core';
import { sql } from 'kysely';
import { changedColumns, type Description, newColumns, type Origin } from './described-columns.js';
import { and, type EntityRow, getLive, insertEntity, liveIn, updateEntity } from './entity-rows.js';
import { type LedgerPlace, lockLedger } from './parents.js';
import { recordEvent } from './record-event.js';
import type { TenantTx } from './with-tenant.js';

export interface SegmentChange extends Description {
  readonly name?: string;
}

/** Throws 0037 for an unknown ledger, 0015 for a name that a segment of the ledger has (letter case matters). */
export async function createSegment(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: SegmentChange & { readonly name: string },
): Promise<EntityRow<'segment'>> {
  // Creations in one ledger take turns, so that the look-up sees what the other one wrote.
  await lockLedger(tx, place, 'update');
  await refuseTakenName(tx, place, given.name);
  const row = await insertEntity(tx, 'segment', { ...newColumns(origin, given), ...place, name: given.name });
  await recordEvent(tx, 'segment.created', row.id);
  return row;
}

/** A new name is not compared with others (ledger-api §4.6). Throws 0007. */
export async function changeSegment(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: SegmentChange,
): Promise<EntityRow<'segment'>> {
  const row = await getLive(tx, 'segment', place, id, 'update');
  const changed = await updateEntity(tx, 'segment', id, { ...changedColumns(origin, row, given), name: given.name });
  await recordEvent(tx, 'segment.updated', id);
  return changed;
}

async function refuseTakenName(tx: TenantTx, place: LedgerPlace, name: string): Promise<void> {
  const same = and([...liveIn(place), sql`name = ${name}`]);
  const { rows } = await sql`select 1 from segment where ${same} limit 1`.execute(tx);
  if (rows.length > 0)
    throw new LedgerError('duplicate_segment_name', {
      detail: 'A segment with this name exists in this ledger. Choose another name.',
      entityType: 'Segment',
    });
}
