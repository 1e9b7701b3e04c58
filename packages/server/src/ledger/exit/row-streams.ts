import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { type KeyedTable, type KeyRange, keyOrder, rangeCondition } from './key-ranges.js';

/** So that equal rows print alike whatever the server's and the role's settings are. Within a transaction. */
export const printSettings = `
set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
set local bytea_output = 'hex'; set local extra_float_digits = 1; set local statement_timeout = 0`;

export const columnList = ({ columns }: Pick<KeyedTable, 'columns'>): string =>
  columns.map(({ name }) => id(name)).join(', ');
const ordered = (table: KeyedTable, range: KeyRange): string =>
  `from ${id(table.name)} ${rangeCondition(table, range)} ${keyOrder(table)}`;

/** The rows as CSV with a line of names: an empty field is null, "" an empty text. */
export function csvOf(client: pg.ClientBase, table: KeyedTable, range: KeyRange = {}): Readable {
  return client.query(
    copyTo(`copy (select ${columnList(table)} ${ordered(table, range)}) to stdout with (format csv, header)`),
  );
}

/** JSON text never holds these two, so a line passes through COPY as it is; COPY's own text format would escape backslashes. */
export const rawLines = "format csv, quote e'\\x01', delimiter e'\\x02'";

/**
 * One JSON object a line. Decimals and whole numbers of 64 bits are strings, so that no reader makes floats of them; so is
 * what has been kept letter by letter (json), and with `flat` every nested value.
 */
export function jsonLinesOf(
  client: pg.ClientBase,
  table: KeyedTable,
  { flat = false, range = {} }: { readonly flat?: boolean; readonly range?: KeyRange } = {},
): Readable {
  const asText = new Set(['numeric', 'int8', 'json', ...(flat ? ['jsonb'] : [])]);
  const members = table.columns.map(({ name, type }) => `'${name}', ${id(name)}${asText.has(type) ? '::text' : ''}`);
  const line = `select json_build_object(${members.join(', ')})`;
  return client.query(copyTo(`copy (${line} ${ordered(table, range)}) to stdout with (${rawLines})`));
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

/** What follows the line of names. */
export async function* withoutFirstLine(bytes: Readable): AsyncGenerator<Buffer> {
  let begun = false;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    if (begun) {
      yield chunk;
      continue;
    }
    const end = chunk.indexOf('\n');
    begun = end >= 0;
    if (begun && end + 1 < chunk.length) yield chunk.subarray(end + 1);
  }
}

/** SHA-256 of the rows as `csvOf` prints them. */
export async function contentDigest(client: pg.ClientBase, table: KeyedTable, range: KeyRange = {}): Promise<string> {
  const measured = new Measured();
  measured.resume();
  await Promise.all([pipeline(csvOf(client, table, range), measured), once(measured, 'end')]);
  return measured.sha256;
}
