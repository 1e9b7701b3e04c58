import { externalAccountType } from '@cofferdam/core';
import { sql } from 'kysely';
import { insertDefaultBalance } from './default-balance.js';
import { newColumns, type Origin } from './described-columns.js';
import { insertEntity } from './entity-rows.js';
import type { LedgerPlace } from './parents.js';
import type { TenantTx } from './with-tenant.js';

export const externalAlias = (assetCode: string) => `@external/${assetCode}`;

/**
 * The external account of an asset with its debit-direction balance, unless there is one. When the asset was deleted
 * and is made again, its old external accounts come back to life: their balance rows never went away, and only with
 * them do the balances of the ledger still add up to nothing.
 */
export async function createExternalAccount(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  assetCode: string,
): Promise<void> {
  const alias = externalAlias(assetCode);
  const { rows: revived } = await sql<{ alias: string }>`
    update account a set deleted_at = null, updated_at = ${origin.now().toISOString()}
    where a.organization_id = ${place.organization_id} and a.ledger_id = ${place.ledger_id}
      and a.asset_code = ${assetCode} and a.type = ${externalAccountType} and a.deleted_at is not null
      and exists (select from balance b where b.account_id = a.id and b.deleted_at is null)
    returning a.alias`.execute(tx);
  if (revived.some((account) => account.alias === alias)) return;
  const account = await insertEntity(tx, 'account', {
    ...newColumns(origin, {
      status: { code: 'external', description: `Account external created by asset: ${assetCode}` },
    }),
    ...place,
    parent_account_id: null,
    portfolio_id: null,
    segment_id: null,
    entity_id: null,
    holder_id: null,
    holder_check_skipped: false,
    name: `External ${assetCode}`,
    asset_code: assetCode,
    type: externalAccountType,
    alias,
    blocked: false,
  });
  await insertDefaultBalance(tx, origin, account);
}

/** No event, and the balances stay (ledger-api §4.4). */
export async function deleteExternalAccounts(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  assetCode: string,
): Promise<void> {
  const at = origin.now().toISOString();
  await sql`
    update account set deleted_at = ${at}, updated_at = ${at}
    where organization_id = ${place.organization_id} and ledger_id = ${place.ledger_id}
      and asset_code = ${assetCode} and type = ${externalAccountType} and deleted_at is null`.execute(tx);
}
