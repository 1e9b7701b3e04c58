import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../../postgres/identifiers.js';
import type { BookTable } from './book-tables.js';

/** The values of a primary key, as PostgreSQL prints them. */
export type Key = readonly string[];

/** A stretch of a table in the order of its primary key; without bounds all of it. */
export interface KeyRange {
  /** Behind this row. */
  readonly after?: Key | undefined;
  /** Up to this row, which is in it. */
  readonly upTo?: Key | undefined;
}

export type KeyedTable = Pick<BookTable, 'name' | 'columns' | 'primaryKey'>;

export const keyOrder = ({ primaryKey }: KeyedTable): string => `order by ${primaryKey.map(id).join(', ')}`;

/** `where …`, or nothing. Literals, as COPY takes no parameters; keys are ids and hashes, never texts of a client. */
export function rangeCondition(table: KeyedTable, { after, upTo }: KeyRange): string {
  const bounds = [
    ...(after === undefined ? [] : [`(${table.primaryKey.map(id).join(', ')}) > ${rowOf(table, after)}`]),
    ...(upTo === undefined ? [] : [`(${table.primaryKey.map(id).join(', ')}) <= ${rowOf(table, upTo)}`]),
  ];
  return bounds.length === 0 ? '' : `where ${bounds.join(' and ')}`;
}

function rowOf({ columns, primaryKey }: KeyedTable, key: Key): string {
  const values = primaryKey.map((name, at) => {
    const type = columns.find((column) => column.name === name)?.type ?? 'text';
    return `${quoteLiteral(key[at] ?? '')}::${id(type)}`;
  });
  return `(${values.join(', ')})`;
}

/** The key of the row that is `rows` rows behind `after`, or behind the beginning; undefined when there are not so many. */
export async function keyAfter(
  client: pg.ClientBase,
  table: KeyedTable,
  after: Key | undefined,
  rows: number,
): Promise<Key | undefined> {
  if (rows < 1) return undefined;
  const { rows: found } = await client.query<{ key: Key }>(
    `select array[${table.primaryKey.map((name) => `${id(name)}::text`).join(', ')}] as key from ${id(table.name)}
     ${rangeCondition(table, { after })} ${keyOrder(table)} offset ${Math.trunc(rows) - 1} limit 1`,
  );
  return found[0]?.key;
}
