import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { trimDecimal } from './decimal.js';
import { AmountView, IdView, lifeMembers, lifeView, placedMembers, placedView } from './entity.js';
import { exampleIds, exampleLife, examplePlace } from './examples.js';

const BalanceSettingsView = Type.Object(
  {
    balanceScope: Type.String({ enum: ['transactional', 'internal'] }),
    allowOverdraft: Type.Boolean(),
    overdraftLimitEnabled: Type.Boolean(),
    overdraftLimit: Type.Optional(AmountView),
  },
  { title: 'BalanceSettings' },
);

/** What a balance shows now and of the past; the amounts are filled in by each. */
export const balanceIdentityView = {
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
};

export const BalanceView = Type.Object(
  {
    ...balanceIdentityView,
    allowSending: Type.Boolean(),
    allowReceiving: Type.Boolean(),
    direction: Type.String({ enum: ['credit', 'debit'] }),
    overdraftUsed: AmountView,
    settings: Type.Optional(BalanceSettingsView),
    ...lifeView,
  },
  { title: 'Balance' },
);

/** Of a row whose amounts are those of now, or of a moment. */
export function balanceIdentity(
  row: EntityRow<'balance'>,
  { available, on_hold, version }: Pick<EntityRow<'balance'>, 'available' | 'on_hold' | 'version'>,
) {
  return {
    id: row.id,
    ...placedMembers(row),
    accountId: row.account_id,
    alias: row.alias,
    key: row.key,
    assetCode: row.asset_code,
    available: trimDecimal(available),
    onHold: trimDecimal(on_hold),
    version,
    accountType: row.account_type,
  };
}

export function balanceView(row: EntityRow<'balance'>) {
  return {
    ...balanceIdentity(row, row),
    allowSending: row.allow_sending,
    allowReceiving: row.allow_receiving,
    direction: row.direction,
    overdraftUsed: trimDecimal(row.overdraft_used),
    ...(row.settings === null ? {} : { settings: row.settings }),
    ...lifeMembers(row),
  };
}

export const balanceIdentityExample = {
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
};

export const balanceExample = {
  ...balanceIdentityExample,
  allowSending: true,
  allowReceiving: true,
  direction: 'credit',
  overdraftUsed: '0',
  ...exampleLife,
};
