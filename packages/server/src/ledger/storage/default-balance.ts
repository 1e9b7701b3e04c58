import { externalAccountType, LedgerError } from '@cofferdam/core';
import { isConnectionLost, isRetryable } from '../../postgres/pg-errors.js';
import { asRefusal } from './constraint-errors.js';
import type { Origin } from './described-columns.js';
import { type EntityRow, insertEntity } from './entity-rows.js';
import type { TenantTx } from './with-tenant.js';

export const defaultBalanceKey = 'default';

/**
 * Every account is born with one (ledger-api §4.7): empty, `credit` direction, `debit` for external accounts. No event.
 * Throws 0127 when the store will not take it; the account goes with it.
 */
export async function insertDefaultBalance(
  tx: TenantTx,
  origin: Origin,
  account: EntityRow<'account'>,
): Promise<EntityRow<'balance'>> {
  return await insertInto(tx, origin, account).catch((error: unknown) => {
    const refusal = asRefusal(error);
    if (refusal instanceof LedgerError || isRetryable(error) || isConnectionLost(error)) throw refusal;
    throw new LedgerError('account_creation_failed', {
      detail: 'The default balance of the account could not be created, so neither was the account.',
      entityType: 'Account',
      log: error,
    });
  });
}

function insertInto(tx: TenantTx, origin: Origin, account: EntityRow<'account'>): Promise<EntityRow<'balance'>> {
  return insertEntity(tx, 'balance', {
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
