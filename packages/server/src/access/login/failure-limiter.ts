import { LRUCache } from 'lru-cache';
import { AccessError } from '../access-errors.js';

export interface FailureLimiterOptions {
  readonly now: () => Date;
  /** Failures allowed per window and key. Default 10. */
  readonly failuresMax?: number;
  /** Default 60. */
  readonly windowSeconds?: number;
  /** What has happened too often, for the message. Default: failed logins of a client from an address. */
  readonly what?: string;
  /** Keys remembered; the least recently used is forgotten first. Default 20 000. */
  readonly keysMax?: number;
}

export interface FailureLimiter {
  /** Whether `check` would throw. */
  isOver(key: string): boolean;
  /** @throws AccessError AUT-0015 with the seconds to wait. */
  check(key: string): void;
  /** Tells whether this failure was still within the limit. */
  countFailure(key: string): boolean;
}

/**
 * Failed logins by client *and* address: whoever guesses is slowed down, and cannot lock out a victim who comes from
 * elsewhere. Successes neither count nor reset, so one good credential does not buy new guesses for others.
 */
export function createFailureLimiter(options: FailureLimiterOptions): FailureLimiter {
  const { now, failuresMax = 10, windowSeconds = 60, keysMax = 20_000 } = options;
  const what = options.what ?? 'failed logins of this client from this address';
  const windows = new LRUCache<string, { endsAt: number; failures: number }>({ max: keysMax });

  function live(key: string) {
    const window = windows.get(key);
    return window !== undefined && now().getTime() < window.endsAt ? window : undefined;
  }

  const isFull = (window: { failures: number } | undefined) => window !== undefined && window.failures >= failuresMax;

  return Object.freeze({
    isOver: (key: string) => isFull(live(key)),
    check(key: string) {
      const window = live(key);
      if (window === undefined || !isFull(window)) return;
      const seconds = Math.max(1, Math.ceil((window.endsAt - now().getTime()) / 1_000));
      throw new AccessError('rate_limited', {
        message: `Too many ${what}. Try again in ${seconds} s.`,
        retryAfterSeconds: seconds,
      });
    },
    countFailure(key: string) {
      const window = live(key) ?? { endsAt: now().getTime() + windowSeconds * 1_000, failures: 0 };
      window.failures += 1;
      windows.set(key, window);
      return window.failures <= failuresMax;
    },
  });
}
