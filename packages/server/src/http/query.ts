import { LedgerError, parseUuid } from '@cofferdam/core';
import { type Cursor, decodeCursor } from './cursor.js';

export { type Cursor, decodeCursor, encodeCursor } from './cursor.js';
export {
  type DateRange,
  defaultDateRange,
  parseMoment,
  readDateRange,
  readStrictDateRange,
} from './date-range.js';

/** A decoded query string: the last value of a repeated key (`Call.query`). An empty value counts as absent. */
export type Query = Readonly<Record<string, string>>;

export interface PageLimits {
  /** `MAX_PAGINATION_LIMIT`. */
  readonly max: number;
}

export type SortOrder = 'asc' | 'desc';

export interface Page {
  readonly limit: number;
  readonly page: number;
  /** Rows to skip: `(page - 1) * limit`. */
  readonly offset: number;
  readonly sortOrder: SortOrder;
}

export interface CursorPage {
  readonly limit: number;
  /** Has no effect on the rows; echoed by account types. */
  readonly page: number;
  readonly cursor: Cursor | undefined;
  readonly sortOrder: SortOrder;
}

const defaultLimit = 10;

/**
 * Offset paging (ledger-api §10.2).
 * @throws LedgerError 0080 limit too big, 0081 sort order, 0082 anything else
 */
export function readPage(query: Query, limits: PageLimits): Page {
  const limit = readLimit(query, limits);
  const page = readPositiveInteger(query, 'page') ?? 1;
  return { limit, page, offset: (page - 1) * limit, sortOrder: readSortOrder(query) };
}

/**
 * Cursor paging (ledger-api §10.2, §10.3).
 * @throws LedgerError 0080, 0081, 0082
 */
export function readCursorPage(query: Query, limits: PageLimits): CursorPage {
  const limit = readLimit(query, limits);
  const page = readPositiveInteger(query, 'page') ?? 1;
  const cursor = query['cursor'] ? decodeCursor(query['cursor']) : undefined;
  return { limit, page, cursor, sortOrder: readSortOrder(query) };
}

function readLimit(query: Query, { max }: PageLimits): number {
  const limit = readPositiveInteger(query, 'limit') ?? defaultLimit;
  if (limit > max) {
    throw new LedgerError('pagination_limit_exceeded', { detail: `"limit" must be at most ${max}, not ${limit}.` });
  }
  return limit;
}

function readSortOrder(query: Query): SortOrder {
  const order = (query['sort_order'] || 'asc').toLowerCase();
  if (order === 'asc' || order === 'desc') return order;
  throw new LedgerError('invalid_sort_order', { detail: '"sort_order" must be "asc" or "desc".' });
}

function readPositiveInteger(query: Query, name: string): number | undefined {
  const text = query[name];
  if (!text) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw invalidQueryParameter(name, 'a whole number from 1 to 999999999');
  return value;
}

/** The refusal 0082, naming the parameter and what would be right. */
export function invalidQueryParameter(name: string, expected: string): LedgerError {
  return new LedgerError('invalid_query_parameter', { detail: `The query parameter "${name}" must be ${expected}.` });
}

/** A free text of at most `max` characters. @throws LedgerError 0082 */
export function readText(query: Query, name: string, max = 256): string | undefined {
  const value = query[name] || undefined;
  if (value !== undefined && value.length > max) throw invalidQueryParameter(name, `at most ${max} characters long`);
  return value;
}

/** A UUID in canonical form. @throws LedgerError 0082 */
export function readUuid<Id extends string = string>(query: Query, name: string): Id | undefined {
  const value = query[name];
  if (!value) return undefined;
  const id = parseUuid<Id>(value);
  if (id === undefined) throw invalidQueryParameter(name, 'a UUID');
  return id;
}

/** One of the given words, compared without case, answered as listed. @throws LedgerError 0082 */
export function readOneOf<const W extends readonly string[]>(
  query: Query,
  name: string,
  words: W,
): W[number] | undefined {
  const value = query[name]?.toLowerCase();
  if (!value) return undefined;
  const word = words.find((candidate) => candidate.toLowerCase() === value);
  if (word === undefined) throw invalidQueryParameter(name, `one of ${words.join(', ')}`);
  return word;
}

/** `true`, `false`, `1` or `0`. @throws LedgerError 0082 */
export function readFlag(query: Query, name: string): boolean | undefined {
  const word = readOneOf(query, name, ['true', 'false', '1', '0'] as const);
  return word === undefined ? undefined : word === 'true' || word === '1';
}

export interface MetadataFilter {
  readonly key: string;
  /** Compared with the stored value's text. */
  readonly value: string;
}

/** `metadata.<key>=<value>`; of several only the first is honoured (ledger-api §10.2). @throws LedgerError 0082 */
export function readMetadataFilter(query: Query): MetadataFilter | undefined {
  const name = Object.keys(query).find((key) => key.startsWith('metadata.'));
  if (name === undefined) return undefined;
  const key = name.slice('metadata.'.length);
  if (key === '' || Buffer.byteLength(key) > 100)
    throw invalidQueryParameter(name, 'metadata.<key>, its key 1 to 100 bytes');
  return { key, value: query[name] ?? '' };
}
