import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { describedMembers, describedView, IdView, placedMembers, placedView } from './entity.js';
import { exampleIds, exampleLife, examplePlace } from './examples.js';

export const AccountTypeView = Type.Object(
  {
    id: IdView,
    ...placedView,
    name: Type.String(),
    description: Type.Optional(Type.String({ description: 'Omitted when there is none.' })),
    keyValue: Type.String({ description: 'Lower case; what the type of an account is compared with.' }),
    ...describedView,
  },
  { title: 'AccountType' },
);

export function accountTypeView(row: EntityRow<'account_type'>) {
  return {
    id: row.id,
    ...placedMembers(row),
    name: row.name,
    ...(row.description === null ? {} : { description: row.description }),
    keyValue: row.key_value,
    ...describedMembers(row),
  };
}

export const accountTypeExample = {
  id: exampleIds.accountType,
  ...examplePlace,
  name: 'Deposit account',
  description: 'What customers may withdraw at any time.',
  keyValue: 'deposit',
  ...exampleLife,
};
