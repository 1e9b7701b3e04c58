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

export const PortfolioView = Type.Object(
  {
    id: IdView,
    name: Type.String(),
    entityId: Type.Optional(Type.String({ description: 'Omitted when empty.' })),
    status: StatusView,
    ...placedView,
    ...describedView,
  },
  { title: 'Portfolio' },
);

export function portfolioView(row: EntityRow<'portfolio'>) {
  return {
    id: row.id,
    name: row.name,
    ...(row.entity_id ? { entityId: row.entity_id } : {}),
    status: statusMember(row),
    ...placedMembers(row),
    ...describedMembers(row),
  };
}

export const portfolioExample = {
  id: exampleIds.portfolio,
  name: 'Retail',
  entityId: 'customer-17',
  status: exampleStatus,
  ...examplePlace,
  ...exampleLife,
};
