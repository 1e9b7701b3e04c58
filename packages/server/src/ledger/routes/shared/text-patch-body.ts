import { Type } from 'typebox';
import { MetadataPatch, Text } from '../../../http/schemas.js';

/** What may be changed of a transaction or operation once it is posted. */
export const TextPatchBody = Type.Object(
  { description: Type.Optional(Text(256)), metadata: Type.Optional(MetadataPatch()) },
  { title: 'TextPatch', additionalProperties: false },
);
