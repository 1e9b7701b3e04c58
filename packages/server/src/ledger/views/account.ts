import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import {
  describedMembers,
  describedView,
  IdView,
  NullableIdView,
  NullableTextView,
  placedMembers,
  placedView,
  StatusView,
  statusMember,
} from './entity.js';
import { exampleIds, exampleLife, examplePlace, exampleStatus } from './examples.js';

export const AccountView = Type.Object(
  {
    id: IdView,
    name: Type.String(),
    parentAccountId: NullableIdView,
    entityId: NullableTextView,
    holderId: NullableIdView,
    assetCode: Type.String(),
    ...placedView,
    portfolioId: NullableIdView,
    segmentId: NullableIdView,
    status: StatusView,
    alias: Type.String(),
    type: Type.String(),
    blocked: Type.Boolean(),
    holderCheckSkipped: Type.Boolean(),
    ...describedView,
  },
  { title: 'Account' },
);

export function accountView(row: EntityRow<'account'>) {
  return {
    id: row.id,
    name: row.name,
    parentAccountId: row.parent_account_id,
    entityId: row.entity_id,
    holderId: row.holder_id,
    assetCode: row.asset_code,
    ...placedMembers(row),
    portfolioId: row.portfolio_id,
    segmentId: row.segment_id,
    status: statusMember(row),
    alias: row.alias,
    type: row.type,
    blocked: row.blocked,
    holderCheckSkipped: row.holder_check_skipped,
    ...describedMembers(row),
  };
}

export const accountExample = {
  id: exampleIds.account,
  name: 'Alice',
  parentAccountId: null,
  entityId: null,
  holderId: null,
  assetCode: 'USD',
  ...examplePlace,
  portfolioId: null,
  segmentId: null,
  status: exampleStatus,
  alias: '@alice',
  type: 'deposit',
  blocked: false,
  holderCheckSkipped: false,
  ...exampleLife,
};
