import { neverSent } from './retry.js';

/** An answer that has arrived whole. */
export interface Received {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly text: string;
}

/** What becomes of one attempt: an answer, or a failure that may be worth another one. */
export type Outcome = { readonly received: Received } | { readonly failure: unknown };

/** One attempt. Never throws: a signal that ended it is the failure. */
export async function exchange(
  send: typeof fetch,
  url: string,
  init: RequestInit,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await send(url, { ...init, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    const { status, ok, headers } = response;
    // Read here, so that a connection lost in the middle of an answer counts as lost.
    const text = init.method === 'HEAD' || status === 204 ? '' : await response.text();
    return { received: { status, ok, headers, text } };
  } catch (failure) {
    return { failure };
  }
}

/** `repeatable`: nothing is done twice by being sent twice. */
export function worthRepeating(outcome: Outcome, repeatable: boolean): boolean {
  if ('failure' in outcome) return repeatable || neverSent(outcome.failure);
  return isStatus(outcome, 429) || (repeatable && isStatus(outcome, 503));
}

export const isStatus = (outcome: Outcome, status: number): outcome is { readonly received: Received } =>
  'received' in outcome && outcome.received.status === status;

export const retryAfterOf = (outcome: Outcome): string | null =>
  'received' in outcome ? outcome.received.headers.get('retry-after') : null;
