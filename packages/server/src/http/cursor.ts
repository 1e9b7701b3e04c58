import { LedgerError, parseUuid } from '@cofferdam/core';

export interface Cursor {
  readonly id: string;
  readonly direction: 'next' | 'prev';
}

/** Base64 of `{"id","direction"}` (ledger-api §10.3). Opaque to clients. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify({ id: cursor.id, direction: cursor.direction })).toString('base64');
}

const alphabet = /^[A-Za-z0-9+/_-]{1,512}={0,2}$/;

/**
 * Also takes the older `{"id","points_next"}`, with or without padding.
 * @throws LedgerError invalid_query_parameter
 */
export function decodeCursor(text: string): Cursor {
  const cursor = alphabet.test(text) ? read(text) : undefined;
  if (cursor) return cursor;
  throw new LedgerError('invalid_query_parameter', {
    detail: 'The query parameter "cursor" is no cursor of this API: send next_cursor or prev_cursor as received.',
  });
}

function read(text: string): Cursor | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id: rawId, direction, points_next: pointsNext } = value as Record<string, unknown>;
  const id = typeof rawId === 'string' ? parseUuid(rawId) : undefined;
  if (id === undefined) return undefined;
  if (direction === 'next' || direction === 'prev') return { id, direction };
  return typeof pointsNext === 'boolean' ? { id, direction: pointsNext ? 'next' : 'prev' } : undefined;
}
