import { Type } from 'typebox';
import { AddressInput, Metadata, MetadataPatch, Nullable, OneOf, Text } from '../../../http/schemas.js';
import { contactMembers, legalPersonMembers, naturalPersonMembers, representativeMembers } from '../../views/holder.js';

const closed = { additionalProperties: false } as const;
const part = <P extends Parameters<typeof Type.Object>[0]>(title: string, properties: P) =>
  Type.Optional(Nullable(Type.Object(properties, { ...closed, title })));

/** A member that null clears on PATCH. */
const text = Type.Optional(Nullable(Text(256)));
const texts = <const N extends readonly string[]>(names: N) =>
  Object.fromEntries(names.map((name) => [name, text])) as Record<N[number], typeof text>;

export const DateInput = (description?: string) =>
  Text(10, {
    pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$',
    'x-message': 'must be a date of the form YYYY-MM-DD',
    ...(description === undefined ? {} : { description }),
  });
const date = Type.Optional(Nullable(DateInput()));

/** Those of holders need no country (ledger-api §9.1). */
const { 'x-address': _, ...plainAddress } = AddressInput() as unknown as Record<string, unknown>;
const address = Type.Optional(Nullable(Type.Unsafe<Record<string, string | null>>(plainAddress)));

const common = {
  externalId: text,
  addresses: part('HolderAddressesInput', { primary: address, additional1: address, additional2: address }),
  contact: part('HolderContactInput', texts(contactMembers)),
  naturalPerson: part('NaturalPersonInput', { ...texts(naturalPersonMembers), birthDate: date }),
  legalPerson: part('LegalPersonInput', {
    ...texts(legalPersonMembers),
    foundingDate: date,
    representative: part('RepresentativeInput', texts(representativeMembers)),
  }),
};

export const NewHolderBody = Type.Object(
  {
    type: OneOf(['NATURAL_PERSON', 'LEGAL_PERSON'] as const),
    name: Text(256),
    document: Text(100),
    ...common,
    metadata: Type.Optional(Metadata()),
  },
  closed,
);

export const HolderPatchBody = Type.Object(
  { name: Type.Optional(Text(256)), ...common, metadata: Type.Optional(MetadataPatch()) },
  closed,
);
