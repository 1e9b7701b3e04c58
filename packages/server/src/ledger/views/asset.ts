import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import {
  describedMembers,
  describedView,
  IdView,
  placedMembers,
  placedView,
  StatusView,
  statusMember,
} from './entity.js';
import { exampleIds, exampleLife, examplePlace, exampleStatus } from './examples.js';

export const AssetView = Type.Object(
  {
    id: IdView,
    name: Type.String(),
    type: Type.String(),
    code: Type.String(),
    status: StatusView,
    ...placedView,
    ...describedView,
  },
  { title: 'Asset' },
);

export function assetView(row: EntityRow<'asset'>) {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    code: row.code,
    status: statusMember(row),
    ...placedMembers(row),
    ...describedMembers(row),
  };
}

export const assetExample = {
  id: exampleIds.asset,
  name: 'US Dollar',
  type: 'currency',
  code: 'USD',
  status: exampleStatus,
  ...examplePlace,
  ...exampleLife,
};
