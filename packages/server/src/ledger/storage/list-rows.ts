import { type ErrorName, LedgerError } from '@cofferdam/core';
import { type RawBuilder, sql } from 'kysely';
import { createdWindow } from './created-window.js';
import { and, type EntityRow, liveIn, placedIn, type Scope } from './entity-rows.js';
import type { LedgerTables } from './tables.js';
import type { TenantTx } from './with-tenant.js';

/** A condition on the rows of a list; made by the helpers below, so that every value is a bound parameter. */
export type Filter = RawBuilder<unknown>;

export type ListedTable = Exclude<
  keyof LedgerTables,
  'idempotency_key' | 'record_key' | 'outbox' | 'transaction_route_member'
>;

export interface ListRequest<T extends ListedTable> {
  readonly table: T;
  readonly scope: Scope;
  readonly filters: readonly Filter[];
  readonly sortOrder: 'asc' | 'desc';
  /** Most rows of the page. */
  readonly limit: number;
  /** `created_at`, both ends included. */
  readonly created?: { readonly from: string; readonly to: string } | undefined;
  readonly metadata?: MetadataFilter | undefined;
  /** Deleted rows too. */
  readonly includeDeleted?: boolean;
}

export interface MetadataFilter {
  readonly key: string;
  readonly value: string;
  /** What to answer when no record at all has this value (ledger-api §10.2); a page past the end is just empty. */
  readonly noneFound: ErrorName | 'an empty page';
}

/** No value, no condition: a list of filters is written `[...equals('type', type), ...startsWith('name', name)]`. */
export const equals = (column: string, value: string | boolean | undefined): Filter[] =>
  value === undefined ? [] : [sql`${sql.ref(column)} = ${value}`];

/** One of several values. */
export const oneOf = (column: string, values: readonly string[] | undefined): Filter[] =>
  values === undefined ? [] : [sql`${sql.ref(column)} = any(${values})`];

/** A text member of a JSON column. */
export const memberEquals = (column: string, member: string, value: string | undefined): Filter[] =>
  value === undefined ? [] : [sql`${sql.ref(column)} ->> ${sql.lit(member)} = ${value}`];

/** A list in a JSON column has an element with all the members that have a value here. */
export const hasElement = (column: string, element: Readonly<Record<string, string | undefined>>): Filter[] => {
  const wanted = Object.entries(element).filter(([, value]) => value !== undefined);
  if (wanted.length === 0) return [];
  return [sql`${sql.ref(column)} @> ${JSON.stringify([Object.fromEntries(wanted)])}::jsonb`];
};

/** Case-insensitive; the client's `%` and `_` are plain characters. */
export const startsWith = (column: string, prefix: string | undefined): Filter[] =>
  prefix === undefined ? [] : [sql`${sql.ref(column)} ilike ${`${prefix.replace(/[\\%_]/g, '\\$&')}%`}`];

const metadataEquals = ({ key, value }: MetadataFilter): Filter => sql`metadata ->> ${key} = ${value}`;

/** A numbered page; ids grow with time, so the order is that of creation. `sortBy` names one more column to sort by first. */
export async function listByPage<T extends ListedTable>(
  tx: TenantTx,
  request: ListRequest<T> & { readonly page: number; readonly sortBy?: 'created_at' },
): Promise<EntityRow<T>[]> {
  const { table, sortBy, limit, page } = request;
  const direction = sql.raw(request.sortOrder);
  const order = sortBy === undefined ? sql`id ${direction}` : sql`${sql.ref(sortBy)} ${direction}, id ${direction}`;
  const query = sql<EntityRow<T>>`
    select * from ${sql.table(table)} where ${and(conditions(request))}
    order by ${order} limit ${limit} offset ${(page - 1) * limit}`;
  const { rows } = await query.execute(tx);
  if (rows.length === 0) await refuseUnmatchedMetadata(tx, request);
  return rows;
}

export interface CursorRequest<T extends ListedTable> extends ListRequest<T> {
  readonly cursor?: { readonly id: string; readonly direction: 'next' | 'prev' } | undefined;
}

/** The rows of one page and the ids from which the pages beside it start, where there are such pages (ledger-api §10.3). */
export interface CursorPage<Row> {
  readonly rows: Row[];
  readonly nextAfter: string | undefined;
  readonly prevBefore: string | undefined;
}

/** A page after or before a row; one row more than asked for tells whether another page follows. */
export async function listByCursor<T extends ListedTable>(
  tx: TenantTx,
  request: CursorRequest<T>,
): Promise<CursorPage<EntityRow<T>>> {
  const { cursor, limit, sortOrder } = request;
  const backwards = cursor?.direction === 'prev';
  const ascending = (sortOrder === 'asc') !== backwards;
  const beyond = cursor === undefined ? [] : [ascending ? sql`id > ${cursor.id}` : sql`id < ${cursor.id}`];
  const inOrder = sql`order by id ${sql.raw(ascending ? 'asc' : 'desc')} limit ${limit + 1}`;
  const query = sql<EntityRow<T> & { id: string }>`${selectInOrder(request, beyond, inOrder)}`;
  const { rows: fetched } = await query.execute(tx);
  if (fetched.length === 0) await refuseUnmatchedMetadata(tx, request);
  const more = fetched.length > limit;
  const rows = fetched.slice(0, limit);
  if (backwards) rows.reverse();
  const hasNext = backwards || more;
  const hasPrevious = backwards ? more : cursor !== undefined;
  return {
    rows,
    nextAfter: hasNext ? rows.at(-1)?.id : undefined,
    prevBefore: hasPrevious ? rows.at(0)?.id : undefined,
  };
}

/** The rows of a page; those of transactions and operations between dates from two places (`created-window.ts`). */
function selectInOrder({ created, ...request }: ListRequest<ListedTable>, beyond: Filter[], inOrder: Filter): Filter {
  const { table } = request;
  const select = (more: readonly Filter[]) =>
    sql`select * from ${sql.table(table)} where ${and([...conditions(request), ...more, ...beyond])}`;
  if (created === undefined || !isPosted(table)) return sql`${select(createdBetween(created))} ${inOrder}`;
  const { written, backdated } = createdWindow(created);
  // "offset 0" keeps the order out of the search for backdated rows: few are found, by their date, and then sorted.
  return sql`(${select(written)} ${inOrder})
    union all (select * from (${select(backdated)} offset 0) backdated ${inOrder})
    ${inOrder}`;
}

const isPosted = (table: ListedTable) => table === 'transaction' || table === 'operation';

function conditions({ scope, filters, created, metadata, includeDeleted }: ListRequest<ListedTable>): Filter[] {
  return [
    ...(includeDeleted ? placedIn(scope) : liveIn(scope)),
    ...filters,
    ...createdBetween(created),
    ...(metadata === undefined ? [] : [metadataEquals(metadata)]),
  ];
}

const createdBetween = (created: ListRequest<ListedTable>['created']): Filter[] =>
  created === undefined ? [] : [sql`created_at between ${created.from} and ${created.to}`];

async function refuseUnmatchedMetadata(tx: TenantTx, { table, scope, metadata }: ListRequest<ListedTable>) {
  if (metadata === undefined || metadata.noneFound === 'an empty page') return;
  const matching = and([...liveIn(scope), metadataEquals(metadata)]);
  const { rows } = await sql`select 1 from ${sql.table(table)} where ${matching} limit 1`.execute(tx);
  if (rows.length === 0)
    throw new LedgerError(metadata.noneFound, {
      detail: `No record here has the metadata value that the filter asks for. Check the key and the value, or leave the filter out.`,
    });
}
