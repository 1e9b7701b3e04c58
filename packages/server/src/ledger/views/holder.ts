import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { AddressView } from './address.js';
import { describedMembers, describedView, IdView } from './entity.js';
import { exampleIds, exampleLife } from './examples.js';

const text = Type.Optional(Type.String());
const texts = <const N extends readonly string[]>(names: N) =>
  Object.fromEntries(names.map((name) => [name, text])) as Record<N[number], typeof text>;

export const naturalPersonMembers = [
  'favoriteName',
  'socialName',
  'gender',
  'birthDate',
  'civilStatus',
  'nationality',
  'motherName',
  'fatherName',
  'status',
] as const;
export const legalPersonMembers = ['tradeName', 'activity', 'type', 'foundingDate', 'size', 'status'] as const;
export const representativeMembers = ['name', 'document', 'email', 'role'] as const;
export const contactMembers = ['primaryEmail', 'secondaryEmail', 'mobilePhone', 'otherPhone'] as const;
const address = Type.Optional(AddressView);

export const HolderView = Type.Object(
  {
    id: IdView,
    organizationId: IdView,
    type: Type.String({ enum: ['NATURAL_PERSON', 'LEGAL_PERSON'] }),
    name: Type.String(),
    document: Type.String(),
    externalId: text,
    addresses: Type.Optional(
      Type.Object({ primary: address, additional1: address, additional2: address }, { title: 'HolderAddresses' }),
    ),
    contact: Type.Optional(Type.Object(texts(contactMembers), { title: 'HolderContact' })),
    naturalPerson: Type.Optional(Type.Object(texts(naturalPersonMembers), { title: 'NaturalPerson' })),
    legalPerson: Type.Optional(
      Type.Object(
        {
          ...texts(legalPersonMembers),
          representative: Type.Optional(Type.Object(texts(representativeMembers), { title: 'Representative' })),
        },
        { title: 'LegalPerson' },
      ),
    ),
    ...describedView,
  },
  { title: 'Holder' },
);

export function holderView(row: EntityRow<'holder'>) {
  return {
    id: row.id,
    organizationId: row.organization_id,
    type: row.type,
    name: row.name,
    document: row.document,
    ...said('externalId', row.external_id),
    ...said('addresses', row.addresses),
    ...said('contact', row.contact),
    ...said('naturalPerson', row.natural_person),
    ...said('legalPerson', row.legal_person),
    ...describedMembers(row),
  };
}

/** Members that were not said are left out (ledger-api §9.1). */
export const said = (name: string, value: unknown) => (value === null ? {} : { [name]: value });

export const holderExample = {
  id: exampleIds.holder,
  organizationId: exampleIds.organization,
  type: 'NATURAL_PERSON',
  name: 'Alice Doe',
  document: '91315026015',
  contact: { primaryEmail: 'alice@example.com' },
  naturalPerson: { birthDate: '1990-01-31' },
  ...exampleLife,
};
