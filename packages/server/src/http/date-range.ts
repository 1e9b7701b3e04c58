import { LedgerError } from '@cofferdam/core';

/** Both ends inclusive, as RFC 3339 texts in UTC for a `timestamptz` parameter; microseconds are kept. */
export interface DateRange {
  readonly from: string;
  readonly to: string;
}

interface Moment {
  /** RFC 3339 in UTC. */
  readonly text: string;
  readonly dateOnly: boolean;
}

const layout = /^(\d{4})-(\d{2})-(\d{2})(?:(T| )(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Reads `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS`, `YYYY-MM-DDTHH:MM:SS[Z]` or RFC 3339 (ledger-api §10.2); undefined when
 * it is none of them or no real date. Without an offset the time is UTC. Digits after the sixth are dropped.
 */
export function parseMoment(value: string): Moment | undefined {
  // A "+" that was not percent-encoded arrives as a space.
  const match = layout.exec(value.replace(/ (?=\d{2}:\d{2}$)(?<=T.+ )/, '+'));
  if (!match) return undefined;
  const [, year, month, day, separator, hour = '00', minute = '00', second = '00', fraction, offset] = match;
  if (separator === ' ' && offset !== undefined) return undefined;
  const wall = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const utc = new Date(`${wall}Z`);
  // Date rolls 31 February over to March: such a text is no date.
  if (Number.isNaN(utc.getTime()) || utc.toISOString().slice(0, 19) !== wall) return undefined;
  const instant = offset === undefined || offset === 'Z' ? utc : new Date(`${wall}${offset}`);
  if (Number.isNaN(instant.getTime()) || instant.getUTCFullYear() < 1 || instant.getUTCFullYear() > 9999)
    return undefined;
  const micros = fraction === undefined ? '' : `.${fraction.slice(0, 6)}`;
  return { text: `${instant.toISOString().slice(0, 19)}${micros}Z`, dateOnly: separator === undefined };
}

/**
 * `start_date` and `end_date`, both or none (ledger-api §10.2): a date-only or midnight end means the whole day, a
 * start at 23:59:59 is taken back to midnight.
 * @throws LedgerError invalid_date_range (0083) for one alone, invalid_datetime_format (0131), invalid_final_date (0078)
 */
export function readDateRange(query: Readonly<Record<string, string>>): DateRange | undefined {
  const start = query['start_date'] || undefined;
  const end = query['end_date'] || undefined;
  if (start === undefined && end === undefined) return undefined;
  if (start === undefined || end === undefined) {
    throw new LedgerError('invalid_date_range', { detail: 'Send both "start_date" and "end_date", or none of them.' });
  }
  const from = readMoment('start_date', start).text.replace(/T23:59:59Z$/, 'T00:00:00Z');
  const to = readMoment('end_date', end).text.replace(/T00:00:00Z$/, 'T23:59:59Z');
  if (comparable(from) > comparable(to)) {
    throw new LedgerError('invalid_final_date', { detail: '"end_date" must not be before "start_date".' });
  }
  return { from, to: to.replace(/T23:59:59Z$/, 'T23:59:59.999999Z') };
}

/**
 * As `readDateRange`, but RFC 3339 only and today (UTC) by default, as the transaction count has it (ledger-api §5.12).
 */
export function readStrictDateRange(query: Readonly<Record<string, string>>, now: Date): DateRange {
  const today = now.toISOString().slice(0, 10);
  const from = readRfc3339('start_date', query['start_date'] || `${today}T00:00:00Z`);
  const to = readRfc3339('end_date', query['end_date'] || `${today}T23:59:59.999999Z`);
  if (comparable(from) > comparable(to)) {
    throw new LedgerError('invalid_final_date', { detail: '"end_date" must not be before "start_date".' });
  }
  return { from, to };
}

/** The last `months` months up to the end of today in UTC; undefined (no bound) when `months` is 0 (ledger-api §5.12). */
export function defaultDateRange(now: Date, months: number): DateRange | undefined {
  if (months === 0) return undefined;
  const start = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1));
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 0)).getUTCDate();
  start.setUTCDate(Math.min(now.getUTCDate(), lastDay));
  return {
    from: `${start.toISOString().slice(0, 10)}T00:00:00Z`,
    to: `${now.toISOString().slice(0, 10)}T23:59:59.999999Z`,
  };
}

function readMoment(name: string, value: string): Moment {
  const moment = parseMoment(value);
  if (moment) return moment;
  throw invalidMoment(name, 'YYYY-MM-DD, YYYY-MM-DD HH:MM:SS or RFC 3339');
}

function readRfc3339(name: string, value: string): string {
  const moment = /T.*(?:Z|[+ -]\d{2}:\d{2})$/.test(value) ? parseMoment(value) : undefined;
  if (moment) return moment.text;
  throw invalidMoment(name, 'RFC 3339, such as 2026-01-31T12:00:00Z');
}

function invalidMoment(name: string, expected: string): LedgerError {
  return new LedgerError('invalid_datetime_format', {
    detail: `The query parameter "${name}" is not a valid date: expected ${expected}.`,
  });
}

/** A form in which texts sort as moments do: with all six fraction digits. */
function comparable(moment: string): string {
  const [seconds = '', fraction = ''] = moment.slice(0, -1).split('.');
  return `${seconds}.${fraction.padEnd(6, '0')}`;
}
