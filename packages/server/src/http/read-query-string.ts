import { parse } from 'node:querystring';

/** Decodes a query string: the last value of a repeated key wins (ledger-api §10.2); malformed escapes stay as they are. */
export function readQueryString(text: string): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  if (text === '') return result;
  // 1,000 pairs are read at most, which is node:querystring's own guard.
  for (const [key, value] of Object.entries(parse(text))) {
    result[key] = (Array.isArray(value) ? value.at(-1) : value) ?? '';
  }
  return result;
}
