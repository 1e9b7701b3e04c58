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

export const SegmentView = Type.Object(
  { id: IdView, name: Type.String(), status: StatusView, ...placedView, ...describedView },
  { title: 'Segment' },
);

export function segmentView(row: EntityRow<'segment'>) {
  return {
    id: row.id,
    name: row.name,
    status: statusMember(row),
    ...placedMembers(row),
    ...describedMembers(row),
  };
}

export const segmentExample = {
  id: exampleIds.segment,
  name: 'Retail',
  status: exampleStatus,
  ...examplePlace,
  ...exampleLife,
};
