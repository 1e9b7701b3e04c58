import type { ErrorName } from '@cofferdam/core';
import { type TSchema, Type } from 'typebox';
import { readCursorPage, readDateRange, readMetadataFilter, readPage } from '../../../http/query.js';
import type { Answer, Call } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import type { EntityRow, Scope } from '../../storage/entity-rows.js';
import { type Filter, type ListedTable, listByCursor, listByPage } from '../../storage/list-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { ok } from './answers.js';
import { cursorAnswer } from './cursor-answer.js';

/** What makes the list of one resource. */
export interface Listing<T extends ListedTable> {
  readonly table: T;
  readonly scope: Scope;
  /** Of this resource, beside dates and metadata, which all lists have. */
  readonly filters: readonly Filter[];
  /** The 404 of a metadata filter that nothing matches; undefined for resources without metadata. */
  readonly noneFound: ErrorName | 'an empty page' | undefined;
  readonly includeDeleted?: boolean;
  /** The creation order is that of the ids; accounts are sorted by the time itself (ledger-api §10.2). */
  readonly sortBy?: 'created_at';
  readonly view: (row: EntityRow<T>) => unknown;
}

type ListCall = Pick<Call<unknown, TenantContext>, 'context' | 'query'>;
type Limits = Pick<LedgerDeps, 'limits'>;

/** Answers one numbered page (ledger-api §10.1). Throws 0078, 0080–0083, 0131 for a query that cannot be read. */
export async function answerPage<T extends ListedTable>(
  { limits }: Limits,
  { context, query }: ListCall,
  listing: Listing<T>,
): Promise<Answer> {
  const { page, limit, sortOrder } = readPage(query, { max: limits.pageLimitMax });
  const request = { ...listing, ...readCommonFilters(query, listing.noneFound), page, limit, sortOrder };
  const rows = await readTenant(context, (tx) => listByPage(tx, request));
  return ok({ items: rows.map(listing.view), page, limit });
}

/** Answers one page by cursor. */
export async function answerCursorPage<T extends ListedTable>(
  { limits }: Limits,
  { context, query }: ListCall,
  listing: Listing<T>,
  echo: { readonly page?: true } = {},
): Promise<Answer> {
  const { page, limit, cursor, sortOrder } = readCursorPage(query, { max: limits.pageLimitMax });
  const request = { ...listing, ...readCommonFilters(query, listing.noneFound), cursor, limit, sortOrder };
  const found = await readTenant(context, (tx) => listByCursor(tx, request));
  return cursorAnswer(found, limit, listing.view, echo.page && { page });
}

function readCommonFilters(query: ListCall['query'], noneFound: Listing<ListedTable>['noneFound']) {
  const metadata = noneFound && readMetadataFilter(query);
  return { created: readDateRange(query), metadata: metadata && noneFound && { ...metadata, noneFound } };
}

/** Refusals that every list can answer. */
export const listErrors = [
  'pagination_limit_exceeded',
  'invalid_sort_order',
  'invalid_query_parameter',
  'invalid_date_range',
  'invalid_datetime_format',
  'invalid_final_date',
] as const satisfies readonly ErrorName[];

const text = (description: string) => Type.Optional(Type.String({ description }));

const commonQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, default: 10, description: 'Most items of the page.' })),
  sort_order: Type.Optional(Type.String({ enum: ['asc', 'desc'], default: 'asc' })),
  start_date: text('Created at or after this; needs end_date too.'),
  end_date: text('Created at or before this; a date alone means the whole day.'),
};

/** By name: a description of a text, or a schema. */
type Filters = Readonly<Record<string, string | TSchema>>;

/** The query of a numbered list: `pageQuery({ name: 'Case-insensitive prefix.' })`. */
export function pageQuery(filters: Filters = {}): TSchema {
  const page = Type.Optional(Type.Integer({ minimum: 1, default: 1 }));
  return Type.Object({ ...commonQuery, page, 'metadata.{key}': metadataParameter, ...described(filters) });
}

/** The query of a list by cursor whose items have no metadata. */
export function cursorQuery(filters: Filters = {}): TSchema {
  return Type.Object({ ...commonQuery, cursor: cursorParameter, ...described(filters) });
}

/** Account types: by cursor, with metadata, and with a page that is checked and echoed and has no other effect. */
export function pageAndCursorQuery(filters: Filters): TSchema {
  const page = Type.Optional(Type.Integer({ minimum: 1, default: 1, description: 'Echoed; use the cursors.' }));
  const metadata = { 'metadata.{key}': metadataParameter };
  return Type.Object({ ...commonQuery, page, cursor: cursorParameter, ...metadata, ...described(filters) });
}

const cursorParameter = text('next_cursor or prev_cursor of an answer; repeat limit, sort order and filters with it.');

const exactMatch = 'Exact match on one metadata value as text, e.g. metadata.color=blue.';
const metadataParameter = text(exactMatch);

/** For the lists by cursor of resources with metadata: `cursorQuery(metadataQuery)`. */
export const metadataQuery: Readonly<Record<string, string>> = { 'metadata.{key}': exactMatch };

const described = (filters: Filters) =>
  Object.fromEntries(
    Object.entries(filters).map(([name, filter]) => [
      name,
      typeof filter === 'string' ? text(filter) : Type.Optional(filter),
    ]),
  );

/** What a filter may be, for the document: the handlers read them with the helpers of `http/query.ts`. */
export const idFilter = Type.String({ format: 'uuid' });
export const flagFilter = (description: string) => Type.Boolean({ description });
export const wordFilter = (words: readonly string[]) => Type.String({ enum: [...words] });

/** The name of a list in the document: `AccountPage`. */
function titled(item: TSchema, ending: string) {
  const { title } = item as { title?: string };
  return title === undefined ? {} : { title: title + ending };
}

export function pageSuccess(item: TSchema, example: unknown) {
  return {
    status: 200,
    description: 'One page; there is no total, see the count route.',
    schema: Type.Object({ items: Type.Array(item), page: Type.Integer(), limit: Type.Integer() }, titled(item, 'Page')),
    example: { items: [example], page: 1, limit: 10 },
  };
}

export function cursorSuccess(item: TSchema, example: unknown) {
  const cursor = Type.Optional(Type.String());
  return {
    status: 200,
    description: 'One page; a cursor is left out when there is no page beyond it.',
    schema: Type.Object(
      {
        items: Type.Array(item),
        limit: Type.Integer(),
        next_cursor: cursor,
        prev_cursor: cursor,
        meta: Type.Object({ nextCursor: cursor, prevCursor: cursor }, { title: 'Cursors' }),
      },
      titled(item, 'CursorPage'),
    ),
    example: { items: [example], limit: 10, meta: {} },
  };
}
