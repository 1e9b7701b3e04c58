import { LedgerError } from '@cofferdam/core';
import { type RawBuilder, sql } from 'kysely';
import { and, type EntityRow, entityNotFound, liveIn } from './entity-rows.js';
import type { LedgerPlace } from './parents.js';
import type { Decimal, Timestamp } from './tables.js';
import type { TenantTx } from './with-tenant.js';

/** A balance as it was: its row as it is now, and what its last operation up to the moment left behind, if any. */
export interface PastBalance extends EntityRow<'balance'> {
  readonly past_available: Decimal | null;
  readonly past_on_hold: Decimal | null;
  readonly past_version: number | null;
  readonly past_at: Timestamp | null;
  /** Whether the row had been created by then. */
  readonly existed: boolean;
}

/** Throws 0007 for an unknown balance, 0141 for one that was created later (ledger-api §4.9). */
export async function getBalanceAt(
  tx: TenantTx,
  place: LedgerPlace,
  id: string,
  date: Timestamp,
): Promise<PastBalance> {
  const [row] = await readPast(tx, [sql`id = ${id}`, ...liveIn(place)], date);
  if (row === undefined) throw entityNotFound('balance');
  if (row.past_at === null && !row.existed) throw noDataAt();
  return row;
}

/** The live balances of an account that existed then, by id. Throws 0141 when there is none. */
export async function listAccountBalancesAt(
  tx: TenantTx,
  place: LedgerPlace,
  accountId: string,
  date: Timestamp,
): Promise<PastBalance[]> {
  const existing = [...liveIn({ ...place, account_id: accountId }), sql`created_at <= ${date}`];
  const rows = await readPast(tx, existing, date);
  if (rows.length === 0) throw noDataAt();
  return rows;
}

/** Lines that moved nothing (annotations) say nothing about the balance. */
async function readPast(tx: TenantTx, conditions: RawBuilder<unknown>[], date: Timestamp): Promise<PastBalance[]> {
  const query = sql<PastBalance>`
    select b.*, b.created_at <= ${date} as existed, o.available_after as past_available,
      o.on_hold_after as past_on_hold, o.version_after as past_version, o.created_at as past_at
    from (select * from balance where ${and(conditions)}) b
    left join lateral (
      select * from operation
      where balance_id = b.id and created_at <= ${date} and balance_affected
      order by created_at desc, version_after desc
      limit 1
    ) o on true
    order by b.id`;
  return (await query.execute(tx)).rows;
}

function noDataAt(): LedgerError {
  return new LedgerError('no_balance_data_at_date', {
    detail: 'There was no balance at this date. Ask for a date after its creation.',
    entityType: 'Balance',
  });
}
