import { readFileSync } from 'node:fs';

/** A time in which something stood still, milliseconds since 1970. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface Stall extends Interval {
  readonly cause: string;
}

interface ProbeLine extends Interval {
  readonly what: 'loop' | 'gc';
  readonly ranMs?: number;
  readonly waitedMs?: number;
}

/** What the probe of one process wrote down. A gap of the event loop in which garbage was collected counts as that. */
export function readProbe(file: string, whose: string): Stall[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const entries = lines.map((line) => JSON.parse(line) as ProbeLine);
  const collections = entries.filter(({ what }) => what === 'gc');
  return entries.map(({ what, from, to, ranMs = 0, waitedMs = 0 }) => {
    const collected = what === 'gc' || collections.some((gc) => overlapMs(gc, { from, to }) > 0);
    const why = collected ? 'garbage collection' : waitedMs > ranMs ? 'waits for a processor' : 'one long turn';
    return { from, to, cause: `${whose}: ${why}` };
  });
}

const slowStatement = /^(\d+\.\d+) .*duration: ([\d.]+) ms +(?:statement: (\w+)|execute ([\w-]+))/;
const causeOfStatement: Readonly<Record<string, string>> = {
  commit: 'PostgreSQL: COMMIT',
  'lock-balances': 'PostgreSQL: locking balances (behind the batch before)',
};

/** Statements of posting that took longer than the log's threshold. */
export function readSlowStatements(file: string): Stall[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, seconds, ms, word, name] = slowStatement.exec(line) ?? [];
      const statement = (word ?? name ?? '').toLowerCase();
      const cause = statement.startsWith('write-batch') ? 'PostgreSQL: writing' : causeOfStatement[statement];
      if (cause === undefined) return [];
      const to = Number(seconds) * 1000;
      return [{ from: to - Number(ms), to, cause }];
    });
}

export interface CauseLine {
  readonly cause: string;
  /** Slow requests put down to it. */
  readonly requests: number;
  /** Distinct stalls that these requests met. */
  readonly stalls: number;
  readonly longestMs: number;
}

const noCause = 'none of these';
const overlapMsMin = 4;

/** Puts each slow request down to the stall that covers most of its time; of equals, to the one given first. */
export function attribute(slow: readonly Interval[], stalls: readonly Stall[]): CauseLine[] {
  const lines = new Map<string, { requests: number; met: Set<Stall> }>();
  for (const request of slow) {
    let [worst, worstMs] = [undefined as Stall | undefined, overlapMsMin];
    for (const stall of stalls) {
      const ms = overlapMs(stall, request);
      if (ms > worstMs) [worst, worstMs] = [stall, ms];
    }
    const cause = worst?.cause ?? noCause;
    const line = lines.get(cause) ?? { requests: 0, met: new Set() };
    lines.set(cause, line);
    line.requests += 1;
    if (worst !== undefined) line.met.add(worst);
  }
  return [...lines]
    .map(([cause, { requests, met }]) => ({
      cause,
      requests,
      stalls: met.size,
      longestMs: Math.max(0, ...[...met].map(({ from, to }) => to - from)),
    }))
    .sort((a, b) => b.requests - a.requests);
}

function overlapMs(left: Interval, right: Interval): number {
  return Math.min(left.to, right.to) - Math.max(left.from, right.from);
}
