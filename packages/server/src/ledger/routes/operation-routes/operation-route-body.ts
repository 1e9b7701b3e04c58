import {
  type AccountingEntries,
  type AccountRule,
  LedgerError,
  type OperationRouteType,
  operationRouteTypes,
  scenarios,
} from '@cofferdam/core';
import { type Static, Type } from 'typebox';
import { Anything, Metadata, MetadataPatch, Nullable, shownWords, Text } from '../../../http/schemas.js';
import type { EntriesPatch } from '../../storage/operation-routes.js';

const optional = Type.Optional;
const strict = { additionalProperties: false } as const;

// Both are required, but what a blank one answers depends on its scenario (0009 or 0166): `core` says so.
const Rubric = Type.Object(
  { code: optional(Text(50)), description: optional(Text(250)) },
  { ...strict, title: 'RubricInput' },
);
const Entry = Type.Object(
  { debit: optional(Nullable(Rubric)), credit: optional(Nullable(Rubric)) },
  { ...strict, title: 'AccountingEntryInput' },
);

const Entries = Type.Object(Object.fromEntries(scenarios.map((name) => [name, optional(Nullable(Entry))])), {
  ...strict,
  title: 'AccountingEntriesInput',
  description: 'Rubrics by scenario; which of them a route needs depends on its operationType.',
});

const Account = Type.Object(
  {
    ruleType: optional(Type.String(shownWords(['alias', 'account_type']))),
    validIf: optional(
      Anything({
        type: ['string', 'array'],
        items: { type: 'string' },
        description: 'The alias, or the list of account types.',
      }),
    ),
  },
  { ...strict, title: 'AccountRuleInput', description: 'Who may stand on this route.' },
);

export const NewOperationRouteBody = Type.Object(
  {
    title: Text(255),
    description: optional(Nullable(Text(250))),
    code: optional(Nullable(Text(100))),
    operationType: Type.String(shownWords(operationRouteTypes)),
    account: optional(Nullable(Account)),
    accountingEntries: optional(Nullable(Entries)),
    metadata: optional(Metadata()),
  },
  strict,
);

export const OperationRoutePatchBody = Type.Object(
  {
    title: optional(Nullable(Text(255))),
    description: optional(Nullable(Text(250))),
    code: optional(Nullable(Text(100))),
    account: optional(Nullable(Account)),
    accountingEntries: optional(Nullable(Entries)),
    metadata: optional(MetadataPatch()),
  },
  strict,
);

/** Throws 0103. */
export function readOperationType(text: string): OperationRouteType {
  const type = operationRouteTypes.find((one) => one === text);
  if (type === undefined)
    throw new LedgerError('invalid_operation_route_type', {
      entityType: 'OperationRoute',
      detail: `operationType must be one of ${operationRouteTypes.join(', ')}.`,
    });
  return type;
}

/** Throws 0009 for half a rule, 0111 for an unknown kind of rule, 0112 for a value of the wrong form. */
export function readAccount(given: Static<typeof Account> | null | undefined): AccountRule | null | undefined {
  if (given === null || given === undefined) return given;
  const { ruleType, validIf } = given;
  if (ruleType === undefined && (validIf === undefined || validIf === null || validIf === '')) return null;
  if (ruleType === undefined) throw missing('ruleType');
  if (validIf === undefined || validIf === null || validIf === '') throw missing('validIf');
  if (ruleType === 'alias') {
    if (typeof validIf !== 'string' || !isText(validIf)) throw wrongValue('a string, the alias of an account');
    return { ruleType, validIf };
  }
  if (ruleType === 'account_type') {
    if (!Array.isArray(validIf) || !validIf.every(isText)) throw wrongValue('an array of strings, account types');
    return { ruleType, validIf };
  }
  throw new LedgerError('invalid_account_rule_type', {
    entityType: 'OperationRoute',
    detail: 'account.ruleType must be "alias" or "account_type".',
  });
}

/** PostgreSQL cannot keep U+0000. */
const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');

/** Without members that say nothing; a rubric's missing texts are blank for `core` to refuse. */
export function readEntries(given: Static<typeof Entries> | null | undefined): EntriesPatch | undefined {
  if (given === null || given === undefined) return given;
  const entries = Object.entries(given as Record<string, Static<typeof Entry> | null>).map(([name, entry]) => [
    name,
    entry &&
      Object.fromEntries(Object.entries(entry).flatMap(([side, rubric]) => (rubric ? [[side, full(rubric)]] : []))),
  ]);
  return Object.fromEntries(entries) as EntriesPatch;
}

/** Of a create: null is no scenario. */
export function readNewEntries(given: Static<typeof Entries> | null | undefined): AccountingEntries | null {
  const entries = Object.entries(readEntries(given) ?? {}).filter(([, entry]) => entry !== null);
  return entries.length === 0 ? null : (Object.fromEntries(entries) as AccountingEntries);
}

const full = ({ code = '', description = '' }: Static<typeof Rubric>) => ({ code, description });

function missing(name: string): LedgerError {
  const message = `account.${name} is a required field`;
  return new LedgerError('missing_fields_in_request', {
    entityType: 'OperationRoute',
    detail: `The request lacks one or more required fields: account needs both ruleType and validIf, or leave it out.`,
    errors: [{ location: name, message }],
  });
}

function wrongValue(right: string): LedgerError {
  return new LedgerError('invalid_account_rule_value', {
    entityType: 'OperationRoute',
    detail: `account.validIf must be ${right}, for this ruleType.`,
  });
}
