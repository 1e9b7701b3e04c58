/**
 * PostgreSQL's text form of a one-dimensional array, to be sent as one parameter. The driver's own writer tests and
 * escapes every element; of most of our columns no value can hold anything to escape, and a batch has dozens of columns
 * (measured: a tenth of all that posting costs this process).
 */
export type ArrayElement = string | number | boolean | Buffer | null;

/** Types whose values never need quotes in an array: digits, letters, and characters without a meaning there. */
const plainTypes: ReadonlySet<string> = new Set(['uuid', 'numeric', 'bigint', 'boolean', 'timestamptz']);

/** @throws TypeError for a Buffer in a column that is no bytea, which would be written as something else */
export function arrayText(type: string, values: readonly ArrayElement[]): string {
  const write = plainTypes.has(type) ? writePlain : type === 'bytea' ? writeBytes : writeQuoted;
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as ArrayElement;
    if (i > 0) text += ',';
    text += value === null ? 'NULL' : write(value);
  }
  return `${text}}`;
}

type Present = Exclude<ArrayElement, null>;

function writePlain(value: Present): string {
  if (typeof value === 'object') throw new TypeError('bytes in a column that holds none');
  return String(value);
}

function writeBytes(value: Present): string {
  if (typeof value !== 'object') throw new TypeError('a column of bytes holds only bytes');
  return `"\\\\x${value.toString('hex')}"`;
}

const special = /["\\]/;

function writeQuoted(value: Present): string {
  if (typeof value === 'object') throw new TypeError('bytes in a column that holds none');
  const text = String(value);
  return special.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
