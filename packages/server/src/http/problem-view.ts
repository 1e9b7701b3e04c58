import { Type } from 'typebox';

/** What every refusal of the ledger looks like (ledger-api §11.1). */
export const ProblemView = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'The stable contract.', pattern: '^(CRM-|COF-)?\\d{4}$' }),
    entityType: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String({ description: 'A word beside the code, such as TENANT_SUSPENDED.' })),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          location: Type.String(),
          message: Type.String(),
          value: Type.Optional(Type.Unknown({ description: 'Of a field that is not known.' })),
        }),
      ),
    ),
    fields: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'By field, for older clients.' })),
    message: Type.String(),
  },
  {
    title: 'Problem',
    description: 'RFC 9457 problem details, and `message` and `fields` for older clients. Decide by `code`.',
  },
);
