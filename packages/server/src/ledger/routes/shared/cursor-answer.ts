import { encodeCursor } from '../../../http/query.js';
import type { Answer } from '../../../http/route.js';
import type { CursorPage } from '../../storage/list-rows.js';
import { ok } from './answers.js';

/** One page by cursor; `meta` repeats the cursors for older clients (ledger-api §10.1, §15.1 row 5). `more`: members beside the items. */
export function cursorAnswer<Row>(
  { rows, nextAfter, prevBefore }: CursorPage<Row>,
  limit: number,
  view: (row: Row) => unknown,
  more: object = {},
): Answer {
  const next = nextAfter && encodeCursor({ id: nextAfter, direction: 'next' });
  const previous = prevBefore && encodeCursor({ id: prevBefore, direction: 'prev' });
  return ok({
    items: rows.map(view),
    ...more,
    limit,
    ...(next && { next_cursor: next }),
    ...(previous && { prev_cursor: previous }),
    meta: { ...(next && { nextCursor: next }), ...(previous && { prevCursor: previous }) },
  });
}
