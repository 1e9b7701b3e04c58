import { LedgerError } from '@cofferdam/core';
import { createPoller } from './poller.js';
import type { Principal } from './principal.js';

/** What has been revoked after a position of the feed. */
export interface RevocationPage {
  /** Ask from here next time. */
  readonly position: number;
  readonly revoked: readonly {
    readonly jti: string;
    /** Unix seconds; of the token, so of the entry. */
    readonly expiresAt: number;
  }[];
  /** There is more than fitted: ask again at once. */
  readonly more: boolean;
  /** The feed is younger than the position asked for (a restored backup): ask again from 0. */
  readonly restarted: boolean;
}

export type LoadRevocations = (since: number) => Promise<RevocationPage>;

export interface RevocationListOptions {
  readonly load: LoadRevocations;
  readonly now: () => Date;
  /** Told once when the feed is lost, and again after it came back. */
  readonly onError: (error: unknown) => void;
  /** Default 500 ms: a revocation is known everywhere in less than 2 s. */
  readonly pollMs?: number;
  /** What was known may be used so long while the feed cannot be read; then tokens cannot be judged any more (503). */
  readonly usableForMs: number;
}

export interface RevocationList {
  /**
   * From memory while the feed is read.
   * @throws LedgerError tenant_service_unavailable when it has not been readable for too long
   */
  isRevoked(principal: Pick<Principal, 'tokenId'>): boolean | Promise<boolean>;
  /** Reads what is new now. Never rejects: what cannot be read now is read by the next poll. */
  refresh(): Promise<void>;
  start(): void;
  /** Waits for a read under way. */
  stop(): Promise<void>;
}

/** Tokens are accepted for 60 s after their end (clock skew), so an entry is kept for longer than that. */
const keptAfterEndSeconds = 180;
const pruneEveryMs = 60_000;

/** The revoked access tokens by `jti`: all that live, in memory, kept up to date from a feed by number. */
export function createRevocationList(options: RevocationListOptions): RevocationList {
  const { load, now, onError, pollMs = 500, usableForMs } = options;
  const endOf = new Map<string, number>();
  let position = 0;
  let prunedAt = 0;
  const poller = createPoller({ read: readAll, now, onError, everyMs: pollMs });

  async function readAll(): Promise<void> {
    for (;;) {
      const page = await load(position);
      if (page.restarted) {
        // What is known stays: a token that was revoked once is not given back.
        position = 0;
        continue;
      }
      for (const { jti, expiresAt } of page.revoked) endOf.set(jti, expiresAt);
      position = page.position;
      if (!page.more) break;
    }
    prune();
  }

  function prune(): void {
    const at = now().getTime();
    if (at - prunedAt < pruneEveryMs) return;
    prunedAt = at;
    for (const [jti, end] of endOf) if (end + keptAfterEndSeconds < at / 1_000) endOf.delete(jti);
  }

  const isStale = (): boolean => now().getTime() - poller.readAt() > usableForMs;

  async function readThenJudge(tokenId: string): Promise<boolean> {
    await poller.underWay();
    if (isStale() && now().getTime() - poller.attemptedAt() >= pollMs) await poller.read();
    if (isStale()) {
      throw new LedgerError('tenant_service_unavailable', {
        detail: 'It cannot be checked at the moment whether this token was revoked.',
        reason: 'AUTH_UNAVAILABLE',
        retryAfterSeconds: 2,
      });
    }
    return endOf.has(tokenId);
  }

  return Object.freeze({
    isRevoked({ tokenId }: Pick<Principal, 'tokenId'>) {
      return isStale() ? readThenJudge(tokenId) : endOf.has(tokenId);
    },
    refresh: poller.readAnew,
    start: poller.start,
    stop: poller.stop,
  });
}
