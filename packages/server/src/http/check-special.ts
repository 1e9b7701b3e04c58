import type { ErrorName } from '@cofferdam/core';
import { isLosslessNumber } from 'lossless-json';
import type { BodyFindings } from './body-findings.js';
import { countryCodes } from './countries.js';
import { plainLength } from './plain-number.js';

/** Counts the keys and the depth of a free-form map; no text in it may hold U+0000. */
export function measureFreeForm(map: Record<string, unknown>, findings: BodyFindings): void {
  if (measure(map, 1, findings)) findings.list('nul', 'must not contain the null character');
}

/** Recursion is bounded by the parser. `for in` makes no list of the members: this runs for every posting. */
function measure(map: object, depth: number, findings: BodyFindings): boolean {
  if (depth > findings.depth) findings.depth = depth;
  const isList = Array.isArray(map);
  let nul = false;
  for (const key in map) {
    if (!isList) findings.keys++;
    const value = (map as Record<string, unknown>)[key];
    if (key.includes('\0')) nul = true;
    if (typeof value === 'string') nul ||= value.includes('\0');
    else if (isContainer(value)) nul = measure(value, depth + 1, findings) || nul;
  }
  return nul;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isLosslessNumber(value);
}

/** The rules of ledger-api §3.2; the first fault is reported. */
export function checkMetadata(map: Record<string, unknown>, mode: 'create' | 'patch', findings: BodyFindings): void {
  for (const key in map) {
    const fault = metadataFault(key, map[key], mode);
    if (fault) findings.single('special', fault.message, fault.error);
  }
}

function metadataFault(
  key: string,
  value: unknown,
  mode: 'create' | 'patch',
): { error: ErrorName; message: string } | undefined {
  if (longerThan(key, 100)) {
    return { error: 'metadata_key_length_exceeded', message: 'keys must be at most 100 bytes long' };
  }
  if (value === null && mode === 'patch') return undefined;
  if (Array.isArray(value)) {
    return { error: 'metadata_value_length_exceeded', message: `value of "${key}" must not be an array` };
  }
  if (value === null || isContainer(value)) {
    return { error: 'invalid_metadata_nesting', message: `value of "${key}" must be a string, number or boolean` };
  }
  // An exponent is short as text, but the database writes it out, and refuses what is too long.
  const digits = isLosslessNumber(value) ? plainLength(value.value) : 0;
  if (typeof value !== 'boolean' && (digits > 2000 || longerThan(String(value), 2000))) {
    return { error: 'metadata_value_length_exceeded', message: `value of "${key}" must be at most 2000 bytes long` };
  }
  return undefined;
}

function longerThan(value: string, bytes: number): boolean {
  // Most values are far below the limit: three bytes is the most that one UTF-16 unit takes.
  return value.length * 3 > bytes && Buffer.byteLength(value) > bytes;
}

/** A non-empty address needs a country (ledger-api §3.4): a rule of business, so it comes after the rules of form. */
export function checkAddress(members: Record<string, unknown>, findings: BodyFindings): void {
  if (Object.values(members).every((value) => value === null || value === '')) return;
  if (typeof members['country'] === 'string' && countryCodes.has(members['country'])) return;
  const message = 'needs a "country" that is an upper-case ISO 3166-1 alpha-2 code, such as "BR"';
  findings.single('late', message, 'invalid_country_code');
}

export function checkExactlyOne(
  members: Record<string, unknown>,
  names: readonly string[],
  report: (message: string) => void,
): void {
  let given = 0;
  for (const name of names) if (members[name] != null && members[name] !== '') given++;
  if (given !== 1) report(`must have exactly one of ${names.join(', ')}`);
}
