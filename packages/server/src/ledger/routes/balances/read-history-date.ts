import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { parseMoment } from '../../../http/query.js';

export const historyQuery = Type.Object({
  date: Type.String({
    description: 'A moment in the past: yyyy-mm-dd hh:mm:ss, yyyy-mm-ddThh:mm:ss or RFC 3339; UTC.',
  }),
});

export const historyDateErrors = [
  'missing_required_query_parameter',
  'invalid_datetime_format',
  'invalid_timestamp',
  'no_balance_data_at_date',
] as const;

/** The moment asked for. Throws 0142 without one, 0131 for one without a time of day, 0140 for one to come. */
export function readHistoryDate(query: Readonly<Record<string, string>>, now: Date): string {
  const text = query['date'];
  if (!text)
    throw new LedgerError('missing_required_query_parameter', {
      detail: 'The query parameter "date" is missing: a moment such as 2026-01-31T12:00:00Z.',
    });
  const moment = parseMoment(text);
  if (moment === undefined || moment.dateOnly)
    throw new LedgerError('invalid_datetime_format', {
      detail: 'The query parameter "date" must be a date with a time of day, such as 2026-01-31T12:00:00Z.',
    });
  if (new Date(moment.text) > now)
    throw new LedgerError('invalid_timestamp', { detail: 'The query parameter "date" must not be in the future.' });
  return moment.text;
}
