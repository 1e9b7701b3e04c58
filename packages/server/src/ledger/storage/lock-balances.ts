import {
  type AccountId,
  type BalanceId,
  type BalanceState,
  companionKey,
  type Decimal,
  needsCompanion,
  parseStoredDecimal,
} from '@cofferdam/core';
import type { BalanceSettings } from './tables.js';
import type { TenantClient } from './with-tenant.js';

/** A balance named by what a client knows of it. */
export interface BalanceName {
  readonly ledgerId: string;
  readonly alias: string;
  readonly key: string;
}

export interface LockedBalance {
  readonly organizationId: string;
  readonly ledgerId: string;
  readonly deleted: boolean;
  readonly state: BalanceState;
}

interface BalanceRow {
  id: BalanceId;
  organization_id: string;
  ledger_id: string;
  account_id: AccountId;
  alias: string;
  key: string;
  asset_code: string;
  account_type: string;
  direction: 'credit' | 'debit';
  available: string;
  on_hold: string;
  overdraft_used: string;
  version: number;
  allow_sending: boolean;
  allow_receiving: boolean;
  settings: BalanceSettings | null;
  deleted: boolean;
}

/**
 * All rows in one statement and in id order, the one order of every writer. `for update` sits above the sort, so rows
 * are locked in that order; a row that changed while we waited is returned as it is now, `deleted` included, because
 * only the outer row is read again under its lock. A balance that owes, or may, brings the overdraft companion of its
 * account along; for all others the look-up of the companion is not even begun.
 *
 * A name is looked up as the first one not before it, in the order that only `balance_alias_key_live` has: `alias = … and
 * key = …` could be served by any index that begins with the ledger, and a plan made while the table is almost empty (and
 * kept, see `beginPosting`) chose one that passes over half of the ledger's balances: 130 µs of PostgreSQL for each
 * transaction in a ledger of 400, and more in a larger one, until the table was analyzed.
 */
const lockBalancesSql = /* sql */ `
select b.id, b.organization_id, b.ledger_id, b.account_id, b.alias, b.key, b.asset_code, b.account_type, b.direction,
       b.available, b.on_hold, b.overdraft_used, b.version, b.allow_sending, b.allow_receiving, b.settings,
       b.deleted_at is not null as deleted
from balance b
where b.id = any(array(
  select unnest(array[n.id, c.id])
  from (
    select n.id, n.account_id, n.overdraft_used, n.settings
    from unnest($1::uuid[], $2::text[], $3::text[]) as w (ledger_id, alias, key)
    cross join lateral (
      select id, account_id, overdraft_used, settings, alias, key from balance
      where ledger_id = w.ledger_id and (alias, key) >= (w.alias, w.key) and deleted_at is null
      order by alias, key limit 1
    ) n
    where n.alias = w.alias and n.key = w.key
    union all
    select n.*
    from unnest($4::uuid[]) as w (id)
    cross join lateral (
      select id, account_id, overdraft_used, settings from balance where id = w.id limit 1
    ) n
  ) n
  left join lateral (
    select id from balance
    where (n.overdraft_used > 0 or n.settings ->> 'allowOverdraft' = 'true')
      and account_id = n.account_id and key = '${companionKey}' and deleted_at is null limit 1
  ) c on true
))
order by b.id
for update`;

/** Locks the named live balances and those with the given ids, deleted or not, to the end of the transaction. */
export async function lockBalances(
  client: TenantClient,
  names: readonly BalanceName[],
  ids: readonly string[],
): Promise<readonly LockedBalance[]> {
  if (names.length === 0 && ids.length === 0) return [];
  const { rows } = await client.query<BalanceRow>({
    name: 'lock-balances',
    text: lockBalancesSql,
    values: [names.map((n) => n.ledgerId), names.map((n) => n.alias), names.map((n) => n.key), ids],
  });
  return rows.map((row) => ({
    organizationId: row.organization_id,
    ledgerId: row.ledger_id,
    deleted: row.deleted,
    state: Object.freeze({
      id: row.id,
      accountId: row.account_id,
      alias: row.alias,
      key: row.key,
      assetCode: row.asset_code,
      accountType: row.account_type,
      direction: row.direction,
      available: parseStoredDecimal(row.available),
      onHold: parseStoredDecimal(row.on_hold),
      overdraftUsed: parseStoredDecimal(row.overdraft_used),
      version: row.version,
      allowSending: row.allow_sending,
      allowReceiving: row.allow_receiving,
      scope: row.settings?.balanceScope ?? 'transactional',
      allowOverdraft: row.settings?.allowOverdraft ?? false,
      overdraftLimit: limitOf(row.settings),
    }),
  }));
}

function limitOf(settings: BalanceSettings | null): Decimal | undefined {
  if (!settings?.overdraftLimitEnabled || settings.overdraftLimit === undefined) return undefined;
  return parseStoredDecimal(settings.overdraftLimit);
}

/**
 * Whether a balance began to owe, or was allowed to, between the look-up and its lock, so that its companion is not
 * among the locked: lock once more, the next look-up sees it.
 */
export function lacksCompanion(locked: readonly LockedBalance[]): boolean {
  const needing = locked.filter(({ deleted, state }) => !deleted && needsCompanion(state));
  if (needing.length === 0) return false;
  const companions = new Set(
    locked.filter(({ state }) => state.scope === 'internal').map(({ state }) => state.accountId),
  );
  return needing.some(({ state }) => !companions.has(state.accountId));
}
