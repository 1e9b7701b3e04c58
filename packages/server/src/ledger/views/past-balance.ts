import { Type } from 'typebox';
import type { PastBalance } from '../storage/balance-history.js';
import { trimDecimal } from './decimal.js';
import { AmountView, IdView, placedMembers, placedView, TimeView } from './entity.js';
import { exampleIds, exampleLife, examplePlace } from './examples.js';

/** A balance at a moment: without what says what is allowed today (ledger-api §4.9). */
export const PastBalanceView = Type.Object(
  {
    id: IdView,
    ...placedView,
    accountId: IdView,
    alias: Type.String(),
    key: Type.String(),
    assetCode: Type.String(),
    available: AmountView,
    onHold: AmountView,
    version: Type.Integer(),
    accountType: Type.String(),
    overdraftUsed: Type.String({ description: 'Always "0".' }),
    createdAt: TimeView,
    updatedAt: TimeView,
  },
  { title: 'PastBalance' },
);

export function pastBalanceView(row: PastBalance) {
  return {
    id: row.id,
    ...placedMembers(row),
    accountId: row.account_id,
    alias: row.alias,
    key: row.key,
    assetCode: row.asset_code,
    available: trimDecimal(row.past_available ?? '0'),
    onHold: trimDecimal(row.past_on_hold ?? '0'),
    version: row.past_version ?? 0,
    accountType: row.account_type,
    overdraftUsed: '0',
    createdAt: row.created_at,
    updatedAt: row.past_at ?? row.created_at,
  };
}

export const pastBalanceExample = {
  id: exampleIds.balance,
  ...examplePlace,
  accountId: exampleIds.account,
  alias: '@alice',
  key: 'default',
  assetCode: 'USD',
  available: '1500.25',
  onHold: '0',
  version: 3,
  accountType: 'deposit',
  overdraftUsed: '0',
  createdAt: exampleLife.createdAt,
  updatedAt: '2026-02-03T08:15:00.000Z',
};
