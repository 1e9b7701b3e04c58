import { Type } from 'typebox';
import { Metadata, MetadataPatch, Nullable, shownWords, Text, Uuid } from '../../../http/schemas.js';
import { bankingMembers, relatedPartyRoles } from '../../views/instrument.js';
import { DateInput } from '../holders/holder-body.js';

const closed = { additionalProperties: false } as const;
const text = Type.Optional(Nullable(Text(256)));
const date = Type.Optional(Nullable(DateInput()));

const bankingTexts = Object.fromEntries(bankingMembers.map((name) => [name, text])) as Record<
  (typeof bankingMembers)[number],
  typeof text
>;

/** Checked in the order of ledger-api §9.2 by `storage/related-parties.ts`: only decoded here. */
const RelatedPartyInput = Type.Object(
  {
    document: Type.Optional(Nullable(Text(256))),
    name: Type.Optional(Nullable(Text(256))),
    role: Type.Optional(Nullable(Text(256, shownWords(relatedPartyRoles)))),
    startDate: Type.Optional(Nullable(Text(64, { description: 'YYYY-MM-DD' }))),
    endDate: Type.Optional(Nullable(Text(64, { description: 'YYYY-MM-DD, not before startDate.' }))),
  },
  { ...closed, title: 'RelatedPartyInput' },
);

/** What makes an account an instrument. */
export const instrumentMembers = {
  bankingDetails: Type.Optional(
    Nullable(
      Type.Object(
        { ...bankingTexts, openingDate: date, closingDate: date },
        { ...closed, title: 'BankingDetailsInput' },
      ),
    ),
  ),
  regulatoryFields: Type.Optional(Nullable(Type.Object({ participantDocument: text }, closed))),
  relatedParties: Type.Optional(Nullable(Type.Array(RelatedPartyInput, { maxItems: 100 }))),
};

/** Of a body, yet a bad one answers like one of the path (ledger-api §9.2). */
const idInBody = Uuid({ 'x-error': 'invalid_path_parameter' });

export const NewInstrumentBody = Type.Object(
  { ledgerId: idInBody, accountId: idInBody, ...instrumentMembers, metadata: Type.Optional(Metadata()) },
  closed,
);

export const InstrumentPatchBody = Type.Object(
  { ...instrumentMembers, metadata: Type.Optional(MetadataPatch()) },
  closed,
);

export const relatedPartyErrors = [
  'related_party_document_required',
  'related_party_name_required',
  'invalid_related_party_role',
  'related_party_start_date_required',
  'related_party_end_date_invalid',
] as const;
