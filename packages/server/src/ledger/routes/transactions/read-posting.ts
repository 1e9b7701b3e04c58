import {
  type CreateKind,
  type Decimal,
  DecimalError,
  LedgerError,
  type Leg,
  type LegShare,
  parseDecimal,
  zero,
} from '@cofferdam/core';
import { isLosslessNumber, LosslessNumber } from 'lossless-json';
import { plainNumber } from '../../../http/plain-number.js';
import { parseMoment } from '../../../http/query.js';
import type { CreatePosting } from '../../posting/posting-types.js';
import type { Metadata } from '../../storage/tables.js';
import type { InflowInput, LegInput, OutflowInput, TransactionInput } from './transaction-body.js';

/** Where in the books a transaction is to be made. */
export interface Place {
  readonly organizationId: string;
  readonly ledgerId: string;
}

/**
 * A checked body as a posting, normalised: two bodies that mean the same give equal postings. Throws what only the
 * values can tell: `unmarshalling` for a date, `bad_request` for too many digits, `missing_fields_in_request` for a
 * percentage of zero.
 */
export function readPosting(kind: CreateKind, body: TransactionInput, place: Place): CreatePosting {
  const { send } = body;
  const held = body.pending === true && kind === 'direct';
  const transactionDate = readTransactionDate(body.transactionDate);
  return {
    kind: 'create',
    ...place,
    command: {
      kind: held ? 'hold' : kind,
      assetCode: send.asset,
      value: send.value === undefined ? zero : readDecimal(send.value, 'value', 'send.value'),
      source: send.source.from.map((leg, i) => readLeg(leg, `send.source.from[${i}]`)),
      destination: send.distribute.to.map((leg, i) => readLeg(leg, `send.distribute.to[${i}]`)),
      ...(transactionDate === undefined ? {} : { transactionDate }),
      ...(body.skip === undefined
        ? {}
        : { skip: { fees: body.skip.fees === true, tracer: body.skip.tracer === true } }),
      ...(body.routeId === undefined ? {} : { routeId: body.routeId }),
      ...(body.route === undefined ? {} : { route: body.route }),
    },
    notes: {
      description: body.description ?? '',
      chartOfAccountsGroupName: body.chartOfAccountsGroupName ?? '',
      route: body.route ?? '',
      routeId: body.routeId,
      metadata: asJsonb(body.metadata ?? {}),
    },
  };
}

/** Money from the outside world: the source is the asset's external account. */
export function expandInflow({ send, ...body }: InflowInput): TransactionInput {
  return { ...body, send: { ...send, source: { from: [externalLeg(send)] } } };
}

/** Money to the outside world: the destination is the asset's external account. */
export function expandOutflow({ send, ...body }: OutflowInput): TransactionInput {
  return { ...body, send: { ...send, distribute: { to: [externalLeg(send)] } } };
}

function externalLeg({ asset, value = '0' }: { readonly asset: string; readonly value?: string }): LegInput {
  return { accountAlias: `@external/${asset}`, amount: { asset, value } };
}

function readLeg(leg: LegInput, path: string): Leg {
  return {
    accountAlias: leg.accountAlias,
    // Keys are stored in lower case (ledger-api §4.9).
    balanceKey: (leg.balanceKey ?? 'default').toLowerCase(),
    share: readShare(leg, path),
    notes: {
      ...(leg.description === undefined ? {} : { description: leg.description }),
      ...(leg.chartOfAccounts === undefined ? {} : { chartOfAccounts: leg.chartOfAccounts }),
      ...(leg.metadata === undefined ? {} : { metadata: asJsonb(leg.metadata) }),
      ...(leg.route === undefined ? {} : { route: leg.route }),
      ...(leg.routeId === undefined ? {} : { routeId: leg.routeId }),
    },
  };
}

function readShare(leg: LegInput, path: string): LegShare {
  if (leg.rate !== undefined) readDecimal(leg.rate.value, 'value', `${path}.rate.value`);
  if (leg.amount !== undefined)
    return { kind: 'amount', value: readDecimal(leg.amount.value, 'value', `${path}.amount.value`) };
  if (leg.share === undefined) return { kind: 'remaining' };
  if (leg.share.percentage === 0) {
    const message = `${path}.share.percentage is a required field`;
    throw new LedgerError('missing_fields_in_request', {
      detail: `The request lacks one or more required fields: ${path}.share.percentage must be a whole number from 1 to 100.`,
      errors: [{ location: 'percentage', message }],
    });
  }
  return {
    kind: 'share',
    percentage: leg.share.percentage,
    percentageOfPercentage: leg.share.percentageOfPercentage || 100,
  };
}

function readDecimal(text: string, location: string, path: string): Decimal {
  try {
    return parseDecimal(text);
  } catch (error) {
    if (!(error instanceof DecimalError)) throw error;
    const message = `${path} ${error.message}`;
    throw new LedgerError('bad_request', {
      detail: `The request has invalid fields: ${message}.`,
      errors: [{ location, message }],
    });
  }
}

/** RFC 3339 in UTC as PostgreSQL's values are read: three fraction digits, or six when they are needed. */
function readTransactionDate(text: string | null | undefined): string | undefined {
  if (text === undefined || text === null || text === '') return undefined;
  const moment = text.charAt(10) === ' ' ? undefined : parseMoment(text);
  if (moment === undefined)
    throw new LedgerError('unmarshalling', {
      detail:
        'field "transactionDate": expected RFC 3339 such as 2026-01-31T12:00:00Z, YYYY-MM-DDTHH:MM:SS or YYYY-MM-DD.',
    });
  const [seconds = '', fraction = ''] = moment.text.slice(0, -1).split('.');
  const micros = fraction.padEnd(6, '0');
  return `${seconds}.${micros.endsWith('000') ? micros.slice(0, 3) : micros}Z`;
}

/**
 * Metadata as jsonb will give it back, shorter names first and numbers without exponents, so that a first answer and
 * its replay are the same text.
 */
export function asJsonb(metadata: Metadata): Metadata {
  const entries = Object.entries(metadata).map(([key, value]) => ({
    key,
    bytes: Buffer.from(key),
    value: isLosslessNumber(value) ? new LosslessNumber(plainNumber(value.value)) : value,
  }));
  entries.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}
