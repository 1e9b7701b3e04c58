import { externalAccountType, LedgerError } from '@cofferdam/core';
import { sql } from 'kysely';
import { isEmpty, lockAccountBalances } from './account-balances.js';
import {
  type AccountLinks,
  checkAccountParents,
  refuseUnknownPortfolio,
  refuseUnknownSegment,
} from './account-parents.js';
import { insertDefaultBalance } from './default-balance.js';
import { changedColumns, type Description, newColumns, type Origin } from './described-columns.js';
import { and, deleteEntity, type EntityRow, getLive, insertEntity, liveIn, updateEntity } from './entity-rows.js';
import { getLedger } from './ledgers.js';
import type { LedgerPlace } from './parents.js';
import { recordEvent } from './record-event.js';
import type { TenantTx } from './with-tenant.js';

export interface NewAccount extends Description, AccountLinks {
  readonly name?: string;
  readonly blocked?: boolean;
}

/**
 * The account with its default balance. Throws in this order: 0007 for an unknown ledger, 0066, 0490, 0491, CRM-0006, 0034,
 * 0007 or 0035 for an unknown portfolio, 0029, 0030, 0020, 0036 (ledger-api §4.7).
 */
export async function createAccount(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: NewAccount,
): Promise<EntityRow<'account'>> {
  const ledger = await getLedger(tx, place, 'share');
  const links = await checkAccountParents(tx, ledger, place, given);
  const columns = newColumns(origin, given);
  const row = await insertEntity(tx, 'account', {
    ...columns,
    ...place,
    ...links,
    holder_check_skipped: given.skip?.holder === true,
    name: given.name ?? `${given.assetCode} ${given.type} account`,
    asset_code: given.assetCode,
    type: given.type,
    alias: given.alias ?? columns.id,
    blocked: given.blocked ?? false,
  });
  await insertDefaultBalance(tx, origin, row);
  await recordEvent(tx, 'account.created', row.id);
  return row;
}

export interface AccountChange extends Description {
  readonly name?: string;
  readonly blocked?: boolean;
  /** Null clears these three; undefined changes nothing. */
  readonly portfolioId?: string | null;
  readonly segmentId?: string | null;
  readonly entityId?: string | null;
}

/** Throws 0007, 0074 for an external account, 0035 and 0036 for an unknown portfolio or segment. */
export async function changeAccount(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: AccountChange,
): Promise<EntityRow<'account'>> {
  const row = await getOwnAccount(tx, place, id);
  await refuseUnknownPortfolio(tx, place, given.portfolioId);
  await refuseUnknownSegment(tx, place, given.segmentId);
  const changed = await updateEntity(tx, 'account', id, {
    ...changedColumns(origin, row, given),
    name: given.name,
    blocked: given.blocked,
    portfolio_id: given.portfolioId,
    segment_id: given.segmentId,
    entity_id: given.entityId,
  });
  await recordEvent(tx, 'account.updated', id);
  return changed;
}

/**
 * The account with all its balances, which must be empty. The balances are locked in the order of every writer before
 * they are looked at, so that no posting can slip in between. Throws 0007, 0074, 0012.
 */
export async function deleteAccount(tx: TenantTx, origin: Origin, place: LedgerPlace, id: string): Promise<void> {
  await getOwnAccount(tx, place, id);
  const balances = await lockAccountBalances(tx, place, id);
  if (!balances.every(isEmpty))
    throw new LedgerError('account_balance_deletion', {
      detail:
        'A balance of the account is not zero. Move what is available and release what is on hold, then delete it.',
      entityType: 'Account',
    });
  const at = origin.now();
  const time = at.toISOString();
  await sql`
    update balance set allow_sending = false, allow_receiving = false, deleted_at = ${time}, updated_at = ${time}
    where account_id = ${id} and deleted_at is null`.execute(tx);
  await deleteEntity(tx, 'account', id, at);
  await recordEvent(tx, 'account.deleted', id);
}

/** Locked, and not an external one, which belongs to its asset. */
async function getOwnAccount(tx: TenantTx, place: LedgerPlace, id: string): Promise<EntityRow<'account'>> {
  const row = await getLive(tx, 'account', place, id, 'update');
  if (row.type !== externalAccountType) return row;
  throw new LedgerError('external_account_modification_prohibited', {
    detail:
      'This is the external account of an asset: it cannot be changed or deleted by itself. Delete the asset instead.',
    entityType: 'Account',
  });
}

/** Throws 0085. */
export async function getAccountByAlias(
  tx: TenantTx,
  place: LedgerPlace,
  alias: string,
): Promise<EntityRow<'account'>> {
  const named = and([...liveIn(place), sql`alias = ${alias}`]);
  const { rows } = await sql<EntityRow<'account'>>`select * from account where ${named}`.execute(tx);
  const [row] = rows;
  if (row !== undefined) return row;
  throw new LedgerError('account_alias_not_found', {
    detail: 'No account of this ledger has this alias. Check the alias; a deleted account is not found either.',
    entityType: 'Account',
  });
}
