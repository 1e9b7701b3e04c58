export interface RetryOptions {
  /** How often a request is sent at most: 4 unless given; 1 never repeats. */
  readonly attemptsMax?: number;
  /** The first wait is up to this long, in milliseconds, and each further one up to twice as long: 200 unless given. */
  readonly baseMs?: number;
  /** No wait is longer; when Retry-After asks for more, the call ends with the refusal. 30,000 unless given. */
  readonly waitMsMax?: number;
}

export const defaultRetry: Required<RetryOptions> = { attemptsMax: 4, baseMs: 200, waitMsMax: 30_000 };

/**
 * How long to wait before the next attempt, in milliseconds: what the server asks for, else a random part of a doubling
 * time, so that clients which failed together do not come back together. Undefined when there is to be no other attempt.
 */
export function waitMs(
  retry: Required<RetryOptions>,
  attempt: number,
  retryAfter: string | null,
  random = Math.random(),
): number | undefined {
  if (attempt >= retry.attemptsMax) return undefined;
  const asked = retryAfterMs(retryAfter);
  if (asked !== undefined) return asked > retry.waitMsMax ? undefined : asked;
  return Math.min(random * retry.baseMs * 2 ** (attempt - 1), retry.waitMsMax);
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3). */
function retryAfterMs(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Waits; a signal ends it by its reason. */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/**
 * Whether a connection that failed can be tried again although the request must not be sent twice: nothing had been sent.
 * The codes are Node's; elsewhere nothing is known about a failure, so nothing is repeated.
 */
export function neverSent(error: unknown): boolean {
  const { cause } = (error ?? {}) as { cause?: unknown };
  const { code, errors } = (cause ?? {}) as { code?: unknown; errors?: readonly unknown[] };
  if (typeof code === 'string') return beforeSending.has(code);
  return Array.isArray(errors) && errors.length > 0 && errors.every((one) => neverSent({ cause: one }));
}

const beforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
