import { isSafeNumber, LosslessNumber, parse } from 'lossless-json';
import pg from 'pg';

/**
 * How values arrive from PostgreSQL. Set per pool and never globally, so that a library sharing the process keeps its own.
 *
 * | type | becomes |
 * |---|---|
 * | numeric | string, every digit kept |
 * | int8 | number; throws past 2^53, which would round |
 * | timestamptz | string `2026-01-31T12:00:00.123Z`, six digits when the microseconds are not zero; give it back as a parameter and it is the same instant |
 * | json, jsonb | safe integers are numbers, every other number is a LosslessNumber with its digits; never a float |
 * | uuid | string; bytea: Buffer; arrays of these: arrays of these |
 */
export const typeParsers = {
  getTypeParser(oid: number, format?: string): (value: string) => unknown {
    if (format !== 'binary') {
      const parser = textParsers.get(oid);
      if (parser !== undefined) return parser;
    }
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

const asText = (value: string) => value;

function readInt8(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`bigint ${value} does not fit a number exactly`);
  return number;
}

const instant = /^(\d{4,})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-]\d\d(?::\d\d)?(?::\d\d)?)$/;

/** PostgreSQL's ISO output to RFC 3339 in UTC. Our pools set TimeZone to UTC; another offset is converted exactly. */
export function readTimestamp(value: string): string {
  const match = instant.exec(value);
  if (match === null) return value; // infinity, or before the common era: no RFC 3339 form
  const [, year = '', month, day, time, fraction = '', offset = ''] = match;
  const micros = fraction.padEnd(6, '0');
  const digits = micros.endsWith('000') ? micros.slice(0, 3) : micros;
  if (offset === '+00') return `${year}-${month}-${day}T${time}.${digits}Z`;
  const zone = offset.length === 3 ? `${offset}:00` : offset.slice(0, 6);
  const utc = new Date(`${year}-${month}-${day}T${time}${zone}`);
  return `${utc.toISOString().slice(0, -5)}.${digits}Z`;
}

/** JSON text without ever going through a float: a JSON number cannot turn into another number, nor into a string. */
export function readJson(value: string): unknown {
  return parse(value, undefined, readNumber);
}

function readNumber(digits: string): number | LosslessNumber {
  return /^-?\d+$/.test(digits) && isSafeNumber(digits) ? Number(digits) : new LosslessNumber(digits);
}

// The published types describe another version of this helper.
const arrayParser = pg.types.arrayParser as unknown as {
  create(source: string, item: (value: string) => unknown): { parse(): unknown[] };
};
const arrayOf = (item: (value: string) => unknown) => (value: string) => arrayParser.create(value, item).parse();

// Type numbers from pg_type: they never change.
const textParsers = new Map<number, (value: string) => unknown>([
  [20, readInt8],
  [1016, arrayOf(readInt8)],
  [1700, asText],
  [1231, arrayOf(asText)],
  [1184, readTimestamp],
  [1185, arrayOf(readTimestamp)],
  [114, readJson],
  [199, arrayOf(readJson)],
  [3802, readJson],
  [3807, arrayOf(readJson)],
  [2950, asText],
  [2951, arrayOf(asText)],
]);
