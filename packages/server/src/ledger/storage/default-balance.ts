import { externalAccountType } from '@cofferdam/core';
import type { Origin } from './described-columns.js';
import { type EntityRow, insertEntity } from './entity-rows.js';
import type { TenantTx } from './with-tenant.js';

export const defaultBalanceKey = 'default';

/** Every account is born with one (ledger-api §4.7): empty, `credit` direction, `debit` for external accounts. No event. */
export async function insertDefaultBalance(
  tx: TenantTx,
  origin: Origin,
  account: EntityRow<'account'>,
): Promise<EntityRow<'balance'>> {
  return await insertEntity(tx, 'balance', {
    id: origin.newId(),
    organization_id: account.organization_id,
    ledger_id: account.ledger_id,
    account_id: account.id,
    alias: account.alias,
    key: defaultBalanceKey,
    asset_code: account.asset_code,
    account_type: account.type,
    direction: account.type === externalAccountType ? 'debit' : 'credit',
    settings: null,
    created_at: account.created_at,
    updated_at: account.created_at,
    deleted_at: null,
  });
}
