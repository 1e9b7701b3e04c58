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

/**
 * The entry that revokes all tokens that went out before this id was made, through a client or to a subject: ids are UUIDv7, so
 * those of earlier tokens come before it in their order. Readers that do not know such entries pass them over.
 */
export function revocationOfAll(of: 'client' | 'subject', name: string, id: string): string {
  return `${of}:${name}:${id}`;
}

const ofAll = /^((?:client|subject):.+):([0-9a-f-]{36})$/;

export type LoadRevocations = (since: number) => Promise<RevocationPage>;

export interface RevocationListOptions {
  readonly load: LoadRevocations;
  /** For the ends of tokens. */
  readonly now: () => Date;
  /** For how old the last reading is; default `performance.now`. */
  readonly elapsed?: () => number;
  /** Told once when the feed is lost, and again after it came back. */
  readonly onError: (error: unknown) => void;
  /** Default 500 ms: a revocation is known everywhere in less than 2 s. */
  readonly pollMs?: number;
  /** What was known may be used so long while the feed cannot be read; then tokens cannot be judged any more (503). */
  readonly usableForMs: number;
}

export type Judged = Pick<Principal, 'tokenId' | 'clientId' | 'subject'>;

export interface RevocationList {
  /**
   * From memory while the feed is read.
   * @throws LedgerError tenant_service_unavailable when it has not been readable for too long
   */
  isRevoked(principal: Judged): boolean | Promise<boolean>;
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
  const { load, now, elapsed = () => performance.now(), onError, pollMs = 500, usableForMs } = options;
  const endOf = new Map<string, number>();
  /** The newest entry of `revocationOfAll` for each client or subject. */
  const cuts = new Map<string, { readonly before: string; readonly end: number }>();
  let position = 0;
  let prunedAt = 0;
  const poller = createPoller({ read: readAll, elapsed, onError, everyMs: pollMs });

  async function readAll(): Promise<void> {
    for (;;) {
      const page = await load(position);
      if (page.restarted) {
        // What is known stays: a token that was revoked once is not given back.
        position = 0;
        continue;
      }
      for (const entry of page.revoked) keep(entry);
      position = page.position;
      if (!page.more) break;
    }
    prune();
  }

  function keep({ jti, expiresAt: end }: RevocationPage['revoked'][number]): void {
    const [, name, before] = ofAll.exec(jti) ?? [];
    if (name === undefined || before === undefined) endOf.set(jti, end);
    else if ((cuts.get(name)?.before ?? '') < before) cuts.set(name, { before, end });
  }

  function isListed({ tokenId, clientId, subject }: Judged): boolean {
    if (endOf.has(tokenId)) return true;
    if (cuts.size === 0) return false;
    return [`client:${clientId}`, `subject:${subject}`].some((name) => tokenId < (cuts.get(name)?.before ?? ''));
  }

  function prune(): void {
    const at = now().getTime();
    if (at - prunedAt < pruneEveryMs) return;
    prunedAt = at;
    const isOver = (end: number) => end + keptAfterEndSeconds < at / 1_000;
    for (const [jti, end] of endOf) if (isOver(end)) endOf.delete(jti);
    for (const [name, { end }] of cuts) if (isOver(end)) cuts.delete(name);
  }

  const isStale = (): boolean => elapsed() - poller.readAt() > usableForMs;

  async function readThenJudge(judged: Judged): Promise<boolean> {
    await poller.underWay();
    if (isStale() && elapsed() - poller.attemptedAt() >= pollMs) await poller.read();
    if (isStale()) {
      throw new LedgerError('tenant_service_unavailable', {
        detail: 'It cannot be checked at the moment whether this token was revoked.',
        reason: 'AUTH_UNAVAILABLE',
        retryAfterSeconds: 2,
      });
    }
    return isListed(judged);
  }

  return Object.freeze({
    isRevoked(judged: Judged) {
      return isStale() ? readThenJudge(judged) : isListed(judged);
    },
    refresh: poller.readAnew,
    start: poller.start,
    stop: poller.stop,
  });
}
