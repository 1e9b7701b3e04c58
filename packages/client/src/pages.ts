import { operations } from './generated/operations.js';
import type { Send } from './send.js';
import type { Input, Item, ListId, Output } from './types.js';

interface AnyPage {
  readonly items: readonly unknown[];
  readonly limit: number;
  readonly page?: number;
  readonly next_cursor?: string;
}

/** Follows cursors or page numbers, whichever the list has; filters and order are repeated with each page. */
export async function* pagesOf<Id extends ListId>(
  send: Send,
  operationId: Id,
  input: Input<Id> | undefined,
): AsyncGenerator<Output<Id>, void, undefined> {
  const given = (input ?? {}) as { readonly query?: Readonly<Record<string, unknown>> };
  let query: Readonly<Record<string, unknown>> = given.query ?? {};
  for (;;) {
    const { data } = await send(operationId, { ...given, query } as unknown as Input<Id>);
    yield data;
    const next = nextOf(data as AnyPage, operations[operationId].list);
    if (next === undefined) return;
    query = { ...query, ...next };
  }
}

export async function* itemsOf<Id extends ListId>(
  send: Send,
  operationId: Id,
  input: Input<Id> | undefined,
): AsyncGenerator<Item<Id>, void, undefined> {
  for await (const page of pagesOf(send, operationId, input)) yield* (page as unknown as { items: Item<Id>[] }).items;
}

/** A numbered list says no total: a page that is not full is the last. */
function nextOf(page: AnyPage, list: 'page' | 'cursor') {
  if (list === 'cursor') return page.next_cursor === undefined ? undefined : { cursor: page.next_cursor };
  return page.items.length < page.limit ? undefined : { page: (page.page ?? 1) + 1 };
}
