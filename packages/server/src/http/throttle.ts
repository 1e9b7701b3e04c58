import type { ServerResponse } from 'node:http';
import type { LedgerError, TenantId } from '@cofferdam/core';

/** A request of a tenant that is beyond its quota, looked at before anything of it was read but its head. */
export interface ThrottledRequest {
  readonly response: ServerResponse;
  /** What it would be refused with now; undefined: it may come in. */
  readonly refusal: () => LedgerError | undefined;
  readonly serve: () => void;
  readonly refuse: (refusal: LedgerError) => void;
}

export interface Throttle {
  /** Requests that wait, of all tenants. */
  readonly waiting: number;
  /** Whether requests of this tenant wait: then a new one waits behind them. */
  isWaiting(tenantId: TenantId): boolean;
  /** Serves or refuses it, now or later; neither when the caller hangs up meanwhile. */
  add(tenantId: TenantId, request: ThrottledRequest): void;
  /** From here on nothing waits: the listener closes. */
  release(): void;
}

export interface ThrottleOptions {
  /** How many requests of a tenant may come in now. What is served takes its share a moment later only, so it is asked once a turn. */
  readonly allowance: (tenantId: TenantId) => number;
  /** Requests of one tenant beyond its quota that are refused at once: so many, and as many again in each second. Default 20. */
  readonly promptPerSecond?: number;
  /**
   * Others wait for their turn as long as this, and longer the more of a tenant's wait, up to five times as long. Default 1,000:
   * the shortest `Retry-After` there is.
   */
  readonly waitMsMax?: number;
  /** Requests that wait at the same time, of all tenants; more are refused at once. Each costs some kilobytes. Default 10,000. */
  readonly waitingMax?: number;
  /** Turns of a tenant beyond its quota are so far apart: what its quota allows comes in together and is committed together. Default 50. */
  readonly turnMs?: number;
}

interface Waiting extends ThrottledRequest {
  readonly until: number;
}

interface Line {
  /** When the prompt refusals given so far would be over at their rate (GCRA's theoretical arrival time). */
  paidUntil: number;
  readonly waiting: Set<Waiting>;
}

/** Of one tenant; above it each waits longer, so that the refusals a second do not grow with its connections. */
const waitingUsual = 400;
const longerMax = 5;
/** A turn refuses so much more than its even share at most: what came at once goes apart, and comes back apart. */
const unevenness = 1.25;

/** In one turn of the event loop: between turns the others' requests are read. */
const handledAtOnce = 8;

/**
 * Slows down a tenant that goes on sending beyond its quota, instead of refusing as fast as it sends. A refusal costs this process
 * some 30 µs however early it comes: a tenant at ten times its quota takes a fifth of the only thread from all others. A request
 * that waits holds its connection, and nothing more comes in on it: with N connections a tenant gets its quota served and N
 * refusals a second at most, a fifth of that when they are many. And what is served comes in together, so that it is committed together: many small batches cost
 * the others several times as much. It is the request that waits, not the connection: behind a proxy the next one on it
 * may be another tenant's.
 */
export function createThrottle(options: ThrottleOptions): Throttle {
  const { allowance, promptPerSecond = 20, waitMsMax = 1_000, waitingMax = 10_000, turnMs = 50 } = options;
  const lines = new Map<TenantId, Line>();
  let waitingCount = 0;
  let released = false;
  let turns: NodeJS.Timeout | undefined;

  const isPrompt = (line: Line, now: number): boolean => {
    const owed = Math.max(line.paidUntil, now) + 1_000 / promptPerSecond;
    if (owed > now + 1_000) return false;
    line.paidUntil = owed;
    return true;
  };

  const lineOf = (tenantId: TenantId): Line => {
    const known = lines.get(tenantId);
    if (known !== undefined) return known;
    const line: Line = { paidUntil: 0, waiting: new Set() };
    lines.set(tenantId, line);
    return line;
  };

  const longerFor = ({ waiting }: Line): number => Math.min(Math.max(1, waiting.size / waitingUsual), longerMax);
  const refusalsOf = (line: Line): number =>
    Math.max(handledAtOnce, (unevenness * line.waiting.size * turnMs) / (waitMsMax * longerFor(line)));

  const remove = (line: Line, request: Waiting): boolean => {
    if (!line.waiting.delete(request)) return false;
    waitingCount -= 1;
    return true;
  };

  /** In the order in which they came: who may come in does, who has waited long enough is told so. */
  const takeTurn = (line: Line, allowed: number, refusalsMax: number): void => {
    const now = performance.now();
    let left = allowed;
    let refusalsLeft = refusalsMax;
    let handled = 0;
    for (const request of line.waiting) {
      if (left < 1 && (request.until > now || refusalsLeft < 1)) return;
      if (handled === handledAtOnce) {
        setImmediate(takeTurn, line, left, refusalsLeft);
        return;
      }
      handled += 1;
      remove(line, request);
      const refusal = left < 1 ? request.refusal() : undefined;
      if (refusal === undefined) {
        left -= 1;
        request.serve();
      } else {
        refusalsLeft -= 1;
        request.refuse(refusal);
      }
    }
  };

  const takeTurns = (): void => {
    const now = performance.now();
    for (const [id, line] of lines) {
      if (line.waiting.size > 0) takeTurn(line, allowance(id), refusalsOf(line));
      // A tenant that keeps to its quota again takes no memory.
      else if (line.paidUntil <= now) lines.delete(id);
    }
    if (lines.size > 0) return;
    clearInterval(turns);
    turns = undefined;
  };

  return Object.freeze({
    get waiting() {
      return waitingCount;
    },
    isWaiting: (tenantId: TenantId) => (lines.get(tenantId)?.waiting.size ?? 0) > 0,
    add(tenantId: TenantId, request: ThrottledRequest) {
      const now = performance.now();
      const line = lineOf(tenantId);
      turns ??= setInterval(takeTurns, turnMs).unref();
      const refusal = request.refusal();
      const isAtOnce = released || waitingCount >= waitingMax || (line.waiting.size === 0 && isPrompt(line, now));
      if (isAtOnce) {
        if (refusal === undefined) request.serve();
        else request.refuse(refusal);
        return;
      }
      const waiting: Waiting = { ...request, until: now + waitMsMax * longerFor(line) };
      line.waiting.add(waiting);
      waitingCount += 1;
      request.response.once('close', () => remove(line, waiting));
    },
    release() {
      released = true;
      clearInterval(turns);
      for (const line of lines.values())
        for (const request of [...line.waiting]) {
          remove(line, request);
          const refusal = request.refusal();
          if (refusal === undefined) request.serve();
          else request.refuse(refusal);
        }
    },
  });
}
