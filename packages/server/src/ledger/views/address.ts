import { Type } from 'typebox';
import { NullableTextView } from './entity.js';

/** Ledger-api §3.4. */
export const AddressView = Type.Object(
  {
    line1: Type.Optional(Type.String()),
    line2: Type.Optional(NullableTextView),
    zipCode: Type.Optional(Type.String()),
    city: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    country: Type.Optional(Type.String({ description: 'ISO 3166-1 alpha-2' })),
    description: Type.Optional(NullableTextView),
  },
  { title: 'Address' },
);
