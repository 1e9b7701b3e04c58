import { isLosslessNumber } from 'lossless-json';

/**
 * JSON in which equal values are equal texts: members sorted by UTF-16 units, undefined members left out, a bigint or
 * `LosslessNumber` as its own digits. It is hashed for every create, so it writes in one pass.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (isLosslessNumber(value)) return value.value;
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const name of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
