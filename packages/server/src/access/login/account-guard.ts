import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import { LRUCache } from 'lru-cache';
import { createFailureLimiter } from './failure-limiter.js';
import { sourceOf } from './source-of.js';

export interface AccountGuardOptions {
  readonly now: () => Date;
  /** Wrong passwords for one account within the window, from all addresses together. Default 100. */
  readonly failuresMax?: number;
  /** Default 900: then it opens by itself, for everybody. */
  readonly windowSeconds?: number;
  /** Addresses remembered here from which accounts were opened; the directory knows them all. Default 20 000. */
  readonly knownMax?: number;
}

/** One account as one address tries to open it. */
export interface AccountAttempt {
  /** Whether `check` would refuse: then ask the directory whether this address opened the account before. */
  isRefused(): boolean;
  /** @throws AccessError AUT-0015 while the account is under attack and this address never opened it */
  check(): void;
  countFailure(): void;
  succeeded(): void;
}

export interface AccountGuard {
  of(tenantId: TenantId | undefined, username: string, address: string): AccountAttempt;
}

/**
 * Slows down guessing that is spread over many addresses. It cannot lock the owner of the account out for good: the window
 * ends by itself, and an address from which the right password came before is let in all the while. Names that nobody has
 * are counted like those that somebody has.
 */
export function createAccountGuard(options: AccountGuardOptions): AccountGuard {
  const { now, failuresMax = 100, windowSeconds = 900, knownMax = 20_000 } = options;
  const limiter = createFailureLimiter({ now, failuresMax, windowSeconds, what: 'failed logins of this user' });
  const known = new LRUCache<string, true>({ max: knownMax });
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest('base64');

  return Object.freeze({
    of(tenantId: TenantId | undefined, username: string, address: string) {
      const account = digest(`${tenantId ?? ''}\n${username.toLowerCase()}`);
      const trusted = `${account}|${sourceOf(address)}`;
      return {
        isRefused() {
          return !known.has(trusted) && limiter.isOver(account);
        },
        check() {
          if (!known.has(trusted)) limiter.check(account);
        },
        countFailure() {
          limiter.countFailure(account);
        },
        succeeded() {
          known.set(trusted, true);
        },
      };
    },
  });
}
