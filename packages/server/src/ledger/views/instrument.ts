import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { describedMembers, describedView, IdView, placedMembers, placedView } from './entity.js';
import { exampleIds, exampleLife, examplePlace } from './examples.js';
import { said } from './holder.js';

const text = Type.Optional(Type.String());

export const bankingMembers = [
  'branch',
  'account',
  'type',
  'openingDate',
  'closingDate',
  'iban',
  'countryCode',
  'bankId',
] as const;

const BankingDetailsView = Type.Object(
  Object.fromEntries(bankingMembers.map((name) => [name, text])) as Record<
    (typeof bankingMembers)[number],
    typeof text
  >,
  { title: 'BankingDetails' },
);

export const relatedPartyRoles = ['PRIMARY_HOLDER', 'LEGAL_REPRESENTATIVE', 'RESPONSIBLE_PARTY'] as const;

const RelatedPartyView = Type.Object(
  {
    id: IdView,
    document: Type.String(),
    name: Type.String(),
    role: Type.String({ enum: [...relatedPartyRoles] }),
    startDate: Type.String({ description: 'YYYY-MM-DD' }),
    endDate: text,
  },
  { title: 'RelatedParty' },
);

export const InstrumentView = Type.Object(
  {
    id: IdView,
    ...placedView,
    holderId: IdView,
    accountId: IdView,
    document: Type.String({ description: 'Of the holder.' }),
    type: Type.String({ description: 'Of the holder.' }),
    bankingDetails: Type.Optional(BankingDetailsView),
    regulatoryFields: Type.Optional(Type.Object({ participantDocument: text })),
    relatedParties: Type.Optional(Type.Array(RelatedPartyView)),
    ...describedView,
  },
  { title: 'Instrument' },
);

export function instrumentView(row: EntityRow<'instrument'>) {
  return {
    id: row.id,
    ...placedMembers(row),
    holderId: row.holder_id,
    accountId: row.account_id,
    document: row.document,
    type: row.type,
    ...said('bankingDetails', row.banking_details),
    ...said('regulatoryFields', row.regulatory_fields),
    ...(row.related_parties.length > 0 && { relatedParties: row.related_parties }),
    ...describedMembers(row),
  };
}

export const instrumentExample = {
  id: exampleIds.instrument,
  ...examplePlace,
  holderId: exampleIds.holder,
  accountId: exampleIds.account,
  document: '91315026015',
  type: 'NATURAL_PERSON',
  bankingDetails: { branch: '0001', account: '123450', type: 'CACC', countryCode: 'BR', bankId: '12345' },
  relatedParties: [
    {
      id: exampleIds.relatedParty,
      document: '12345678900',
      name: 'Bob Doe',
      role: 'LEGAL_REPRESENTATIVE',
      startDate: '2026-01-31',
    },
  ],
  ...exampleLife,
};
