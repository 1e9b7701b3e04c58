import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { BookTable } from './book-tables.js';

/** So that equal rows print alike whatever the server's and the role's settings are. Within a transaction. */
export const printSettings = `
set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
set local bytea_output = 'hex'; set local extra_float_digits = 1; set local statement_timeout = 0`;

export type ColumnsOf = Pick<BookTable, 'name' | 'columns' | 'primaryKey'>;

export const columnList = ({ columns }: ColumnsOf): string => columns.map(({ name }) => id(name)).join(', ');
const ordered = (table: ColumnsOf): string => `from ${id(table.name)} order by ${table.primaryKey.map(id).join(', ')}`;

/** The rows as CSV with a line of names: an empty field is null, "" an empty text. */
export function csvOf(client: pg.ClientBase, table: ColumnsOf): Readable {
  return client.query(
    copyTo(`copy (select ${columnList(table)} ${ordered(table)}) to stdout with (format csv, header)`),
  );
}

/** JSON text never holds these two, so a line passes through COPY as it is; COPY's own text format would escape backslashes. */
export const rawLines = "format csv, quote e'\\x01', delimiter e'\\x02'";

/**
 * One JSON object a line. Decimals and whole numbers of 64 bits are strings, so that no reader makes floats of them; so is
 * what has been kept letter by letter (json), and with `flat` every nested value.
 */
export function jsonLinesOf(client: pg.ClientBase, table: ColumnsOf, { flat = false } = {}): Readable {
  const asText = new Set(['numeric', 'int8', 'json', ...(flat ? ['jsonb'] : [])]);
  const members = table.columns.map(({ name, type }) => `'${name}', ${id(name)}${asText.has(type) ? '::text' : ''}`);
  const line = `select json_build_object(${members.join(', ')})`;
  return client.query(copyTo(`copy (${line} ${ordered(table)}) to stdout with (${rawLines})`));
}

/** Passes bytes on and remembers their SHA-256 and their number. */
export class Measured extends Transform {
  readonly #hash = createHash('sha256');
  #digest: string | undefined;
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  get sha256(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }
}

/** SHA-256 of the rows as `csvOf` prints them. */
export async function contentDigest(client: pg.ClientBase, table: ColumnsOf): Promise<string> {
  const measured = new Measured();
  measured.resume();
  await Promise.all([pipeline(csvOf(client, table), measured), once(measured, 'end')]);
  return measured.sha256;
}
