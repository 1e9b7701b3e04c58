import { stringifyJson } from '../../../http/json.js';
import { header } from './idempotency.js';

/** Bytes that a request takes up while it waits: as announced, or measured when it came in chunks and announced nothing. */
export function bodySize(call: {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}): number {
  return Number(header(call.headers, 'content-length')) || stringifyJson(call.body).length;
}
