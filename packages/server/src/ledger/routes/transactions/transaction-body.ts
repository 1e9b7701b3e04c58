import { type Static, Type } from 'typebox';
import { DecimalInput, Metadata, Nullable, Text, Uuid } from '../../../http/schemas.js';

const optional = Type.Optional;
const strict = { additionalProperties: false } as const;

const Rate = Type.Object(
  { from: Text(100), to: Text(100), value: DecimalInput(), externalId: Uuid() },
  { ...strict, title: 'LegRate', description: 'Informational; nothing is converted.' },
);

/** One line of `from` or `to` (ledger-api §5.1). */
const Leg = Type.Object(
  {
    accountAlias: Text(256, { description: 'Alias of an account, e.g. @alice or @external/USD.' }),
    balanceKey: optional(Text(100, { description: 'Defaults to "default".' })),
    amount: optional(Type.Object({ asset: Text(100), value: DecimalInput() }, { ...strict, title: 'LegAmount' })),
    share: optional(
      Type.Object(
        {
          percentage: Type.Integer({ minimum: 0, maximum: 100, description: '1–100, of send.value.' }),
          percentageOfPercentage: optional(
            Type.Integer({ minimum: 0, maximum: 100, description: '1–100; 100 when left out.' }),
          ),
        },
        { ...strict, title: 'LegShare' },
      ),
    ),
    remaining: optional(Type.String({ description: 'Any text: takes what the legs before it in the list left over.' })),
    rate: optional(Rate),
    description: optional(Text(256)),
    chartOfAccounts: optional(Type.String()),
    metadata: optional(Metadata()),
    route: optional(Text(250)),
    routeId: optional(Uuid()),
    isFrom: optional(Type.Boolean({ description: 'Ignored.' })),
  },
  { ...strict, title: 'Leg', 'x-exactly-one': ['amount', 'share', 'remaining'], 'x-error': 'invalid_transaction_type' },
);

const ignoredRemaining = optional(Type.String({ description: 'Ignored.' }));
const Source = Type.Object(
  { from: Type.Array(Leg), remaining: ignoredRemaining },
  { ...strict, title: 'TransactionSource' },
);
const Distribute = Type.Object(
  { to: Type.Array(Leg), remaining: ignoredRemaining },
  { ...strict, title: 'TransactionDistribute' },
);

const sent = {
  asset: Text(100),
  value: optional(DecimalInput({ description: 'Greater than zero; every digit counts.' })),
};

const common = {
  chartOfAccountsGroupName: optional(Text(256)),
  description: optional(Text(256)),
  code: optional(Text(100, { description: 'Accepted, not returned.' })),
  metadata: optional(Metadata()),
  route: optional(Text(250)),
  routeId: optional(Uuid()),
  transactionDate: optional(
    Nullable(Type.String({ description: 'A past moment: RFC 3339, YYYY-MM-DDTHH:MM:SS or YYYY-MM-DD.' })),
  ),
  skip: optional(
    Type.Object(
      { fees: optional(Type.Boolean()), tracer: optional(Type.Boolean()) },
      { ...strict, title: 'TransactionSkip' },
    ),
  ),
};

const pending = { pending: optional(Type.Boolean({ description: 'Place a hold, to be committed or cancelled.' })) };

const Send = Type.Object({ ...sent, source: Source, distribute: Distribute }, { ...strict, title: 'TransactionSend' });

export const TransactionBody = Type.Object(
  { ...common, ...pending, send: Send },
  { ...strict, title: 'TransactionInput' },
);

export const InflowBody = Type.Object(
  { ...common, send: Type.Object({ ...sent, distribute: Distribute }, strict) },
  strict,
);

export const OutflowBody = Type.Object(
  { ...common, ...pending, send: Type.Object({ ...sent, source: Source }, strict) },
  strict,
);

export const BatchEntryBody = Type.Object(
  {
    ...common,
    ...pending,
    send: Send,
    idempotencyKey: optional(Text(256)),
  },
  { ...strict, title: 'BatchEntry' },
);

export type LegInput = Static<typeof Leg>;
export type TransactionInput = Static<typeof TransactionBody>;
export type InflowInput = Static<typeof InflowBody>;
export type OutflowInput = Static<typeof OutflowBody>;
