import type { ErrorName } from '@cofferdam/core';
import {
  defaultDateRange,
  encodeCursor,
  readCursorPage,
  readDateRange,
  readMetadataFilter,
} from '../../../http/query.js';
import type { Answer } from '../../../http/route.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import type { CursorPage } from '../../storage/list-rows.js';
import { ok } from './answers.js';

/**
 * Paging, dates and metadata filter of the lists of transactions and operations: only these have a window of the last
 * months when no dates are sent (ledger-api §5.12).
 */
export function readPostingList(deps: LedgerDeps, query: Readonly<Record<string, string>>, noneFound: ErrorName) {
  const { limit, cursor, sortOrder } = readCursorPage(query, { max: deps.limits.pageLimitMax });
  const created = readDateRange(query) ?? defaultDateRange(deps.now(), deps.limits.monthRangeMax);
  const metadata = readMetadataFilter(query);
  return { limit, cursor, sortOrder, created, metadata: metadata && { ...metadata, noneFound } };
}

/** One page by cursor; `meta` repeats the cursors for older clients (ledger-api §10.1, §15.1 row 5). */
export function cursorAnswer<Row>(page: CursorPage<Row>, limit: number, view: (row: Row) => unknown): Answer {
  const next = page.nextAfter && encodeCursor({ id: page.nextAfter, direction: 'next' });
  const previous = page.prevBefore && encodeCursor({ id: page.prevBefore, direction: 'prev' });
  return ok({
    items: page.rows.map(view),
    limit,
    ...(next && { next_cursor: next }),
    ...(previous && { prev_cursor: previous }),
    meta: { ...(next && { nextCursor: next }), ...(previous && { prevCursor: previous }) },
  });
}
