import { externalAccountType } from '@cofferdam/core';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { isEmpty } from './account-balances.js';
import { internal, invalidDirection, notEmpty, notOnExternal, reservedKey } from './balance-refusals.js';
import { type GivenBalanceSettings, readBalanceSettings, refuseLimitBelowUsage } from './balance-settings.js';
import { taken } from './constraint-errors.js';
import { defaultBalanceKey } from './default-balance.js';
import type { Origin } from './described-columns.js';
import {
  and,
  deleteEntity,
  type EntityRow,
  entityNotFound,
  findLive,
  insertEntity,
  liveIn,
  updateEntity,
} from './entity-rows.js';
import { createOverdraftCompanion, overdraftKey } from './overdraft-companion.js';
import type { LedgerPlace } from './parents.js';
import { recordEvent } from './record-event.js';
import type { BalanceSettings } from './tables.js';
import type { TenantTx } from './with-tenant.js';

export interface NewBalance {
  readonly key: string;
  readonly allowSending?: boolean;
  readonly allowReceiving?: boolean;
  readonly direction?: string;
  readonly settings?: GivenBalanceSettings | null;
}

/**
 * One more balance of an account, under a key of its own. Throws in this order (ledger-api §4.9): 0170, 0171, 0172,
 * 0123, 0007 for an account that is unknown or has no default balance, 0124 for an external account.
 */
export async function createAdditionalBalance(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  accountId: string,
  given: NewBalance,
): Promise<EntityRow<'balance'>> {
  const key = given.key.toLowerCase();
  if (key === overdraftKey) throw reservedKey();
  const direction = readDirection(given.direction);
  const settings = given.settings ? readBalanceSettings(given.settings) : null;
  // Keeps the account alive, and its balances in one hand, until we commit.
  const account = await findLive(tx, 'account', place, accountId, 'update');
  const owner = { ...place, account_id: accountId };
  if (await findByKey(tx, owner, key)) throw taken('balance_alias_key_live');
  const defaultBalance = await findByKey(tx, owner, defaultBalanceKey);
  if (account === undefined || defaultBalance === undefined) throw entityNotFound('balance');
  if (account.type === externalAccountType) throw notOnExternal();
  const at = origin.now().toISOString();
  const row = await insertEntity(tx, 'balance', {
    ...owner,
    id: origin.newId(),
    alias: defaultBalance.alias,
    key,
    asset_code: defaultBalance.asset_code,
    account_type: defaultBalance.account_type,
    direction,
    allow_sending: given.allowSending ?? true,
    allow_receiving: given.allowReceiving ?? true,
    settings: settings && stringifyJson(settings),
    created_at: at,
    updated_at: at,
    deleted_at: null,
  });
  if (settings?.allowOverdraft) await createOverdraftCompanion(tx, origin, row);
  await recordEvent(tx, 'balance.created', row.id);
  return row;
}

export interface BalanceChange {
  readonly allowSending?: boolean;
  readonly allowReceiving?: boolean;
  /** Replaces the whole settings object; null changes nothing. */
  readonly settings?: GivenBalanceSettings | null;
}

/** Throws 0007, 0175 for a balance of the system, 0172, 0173. */
export async function changeBalance(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: BalanceChange,
): Promise<EntityRow<'balance'>> {
  const row = await lockBalance(tx, place, id);
  if (isInternal(row)) throw internal('update_of_internal_balance', 'changed');
  const settings = given.settings ? readBalanceSettings(given.settings) : undefined;
  if (settings !== undefined) refuseLimitBelowUsage(settings, row.overdraft_used);
  const changed = await updateEntity(tx, 'balance', id, {
    allow_sending: given.allowSending,
    allow_receiving: given.allowReceiving,
    settings: settings && stringifyJson(settings),
    updated_at: origin.now().toISOString(),
  });
  if (settings?.allowOverdraft && !row.settings?.allowOverdraft) await enableOverdraft(tx, origin, row);
  await recordEvent(tx, 'balance.config-changed', id);
  return changed;
}

/** Throws 0007, 0169 for a balance of the system, 0093 for one that is not empty. */
export async function deleteBalance(tx: TenantTx, origin: Origin, place: LedgerPlace, id: string): Promise<void> {
  const row = await lockBalance(tx, place, id);
  if (isInternal(row)) throw internal('deletion_of_internal_balance', 'deleted');
  if (!isEmpty(row)) throw notEmpty();
  await deleteEntity(tx, 'balance', id, origin.now());
  await recordEvent(tx, 'balance.deleted', id);
}

/** `for update`, as postings take it: what is read here stays so until we commit. */
async function lockBalance(tx: TenantTx, place: LedgerPlace, id: string): Promise<EntityRow<'balance'>> {
  const own = and([sql`id = ${id}`, ...liveIn(place)]);
  const { rows } = await sql<EntityRow<'balance'>>`select * from balance where ${own} for update`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw entityNotFound('balance');
  return row;
}

async function findByKey(tx: TenantTx, owner: LedgerPlace & { readonly account_id: string }, key: string) {
  const keyed = and([...liveIn(owner), sql`key = ${key}`]);
  const { rows } = await sql<EntityRow<'balance'>>`select * from balance where ${keyed}`.execute(tx);
  return rows[0];
}

async function enableOverdraft(tx: TenantTx, origin: Origin, row: EntityRow<'balance'>): Promise<void> {
  const companionId = await createOverdraftCompanion(tx, origin, row);
  if (companionId !== undefined) await recordEvent(tx, 'balance.config-changed', companionId);
}

const isInternal = (row: { readonly settings: BalanceSettings | null }) => row.settings?.balanceScope === 'internal';

function readDirection(direction = 'credit'): 'credit' | 'debit' {
  if (direction === 'credit' || direction === 'debit') return direction;
  throw invalidDirection();
}
