import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import type { Origin } from './described-columns.js';
import type { EntityRow } from './entity-rows.js';
import type { BalanceSettings } from './tables.js';
import type { TenantTx } from './with-tenant.js';

/** The key of the companion, which a client's balance cannot have. */
export const overdraftKey = 'overdraft';

/**
 * The balance that will carry what an account owes (ledger-api §4.9): debit direction, internal, one for an account,
 * never removed while the account lives. Answers its id when it was made now, undefined when it was there.
 */
export async function createOverdraftCompanion(
  tx: TenantTx,
  origin: Origin,
  balance: EntityRow<'balance'>,
): Promise<string | undefined> {
  const settings: BalanceSettings = { balanceScope: 'internal', allowOverdraft: false, overdraftLimitEnabled: false };
  const at = origin.now().toISOString();
  const { rows } = await sql<{ id: string }>`
    insert into balance (id, organization_id, ledger_id, account_id, alias, key, asset_code, account_type, direction,
      settings, created_at, updated_at)
    values (${origin.newId()}, ${balance.organization_id}, ${balance.ledger_id}, ${balance.account_id},
      ${balance.alias}, ${overdraftKey}, ${balance.asset_code}, ${balance.account_type}, 'debit',
      ${stringifyJson(settings)}, ${at}, ${at})
    on conflict (ledger_id, alias, key) where deleted_at is null do nothing
    returning id`.execute(tx);
  return rows[0]?.id;
}
