import { sql } from 'kysely';
import { and, type EntityRow, liveIn } from './entity-rows.js';
import type { LedgerPlace } from './parents.js';
import type { TenantTx } from './with-tenant.js';

/** Locked by id, the order of every writer of balances, so that two of them cannot wait for each other. */
export async function lockAccountBalances(
  tx: TenantTx,
  place: LedgerPlace,
  accountId: string,
): Promise<EntityRow<'balance'>[]> {
  const owned = and(liveIn({ ...place, account_id: accountId }));
  const query = sql<EntityRow<'balance'>>`select * from balance where ${owned} order by id for update`;
  return (await query.execute(tx)).rows;
}

/** Nothing available, nothing on hold, nothing owed. */
export function isEmpty(balance: EntityRow<'balance'>): boolean {
  return [balance.available, balance.on_hold, balance.overdraft_used].every((amount) => !/[1-9]/.test(amount));
}

/** All live balances under an alias, the default one first. */
export async function listAliasBalances(
  tx: TenantTx,
  place: LedgerPlace,
  alias: string,
): Promise<EntityRow<'balance'>[]> {
  const named = and([...liveIn(place), sql`alias = ${alias}`]);
  const query = sql<EntityRow<'balance'>>`select * from balance where ${named} order by key <> 'default', id`;
  return (await query.execute(tx)).rows;
}
