import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import { type Query, readText } from '../../http/query.js';
import { TenancyError } from '../tenancy-error.js';

/** `limit` (1 to 100, default 10) and `cursor`, whose content must look like `key`. @throws TenancyError invalid_query */
export function readPage(query: Query, key: RegExp): { limit: number; after: string | undefined } {
  return { limit: readLimit(query['limit']), after: readCursor(readText(query, 'cursor', 400), key) };
}

/** `rows` hold one more than `limit` when there is a next page. */
export function writePage<Row>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => unknown,
  keyOf: (row: Row) => string,
): Record<string, unknown> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? { next_cursor: writeCursor(keyOf(last)) } : {};
  return { items: items.map(view), limit, ...next };
}

/** @throws TenancyError invalid_query */
export function readTenantFilter(text: string | undefined): TenantId | undefined {
  if (text === undefined) return undefined;
  const id = canonicalTenantId(text);
  if (id === undefined)
    throw new TenancyError('invalid_query', 'The query parameter "tenantId" must be the id of a tenant.');
  return id;
}

function readLimit(text: string | undefined): number {
  if (text === undefined || text === '') return 10;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 100)
    throw new TenancyError('invalid_query', 'The query parameter "limit" must be from 1 to 100.');
  return limit;
}

const writeCursor = (key: string) => Buffer.from(`after:${key}`).toString('base64url');

function readCursor(text: string | undefined, key: RegExp): string | undefined {
  if (text === undefined) return undefined;
  const [word, value = ''] = Buffer.from(text, 'base64url').toString('utf8').split(':', 2);
  if (word === 'after' && key.test(value)) return value;
  throw new TenancyError(
    'invalid_query',
    'The query parameter "cursor" is none of this API: send next_cursor as received.',
  );
}
