import { median, percentile, ratioByRound } from '../measure/statistics.js';
import type { BenchRun, Series } from '../run.js';

/** One line of the table, over all rounds. */
export interface Line {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Median of the rounds. */
  readonly perSecond: number;
  /** Of all answers of all rounds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rowsPerCommit: number;
  readonly transactionsPerCommit: number;
  /** Cores. */
  readonly serverCpu: number;
  readonly postgresCpu: number;
  readonly clientCpu: number;
  readonly refused: number;
}

/** A row of the table "Must hold". */
export interface Target {
  readonly key: string;
  readonly text: string;
  readonly value: number;
  readonly bound: number;
  readonly better: 'more' | 'less';
}

export interface Figures {
  readonly lines: readonly Line[];
  readonly targets: readonly Target[];
}

export function figuresOf(run: BenchRun): Figures {
  return { lines: run.series.map(lineOf), targets: targetsOf(run) };
}

function lineOf({ scenario, rounds }: Series): Line {
  const middle = (read: (round: (typeof rounds)[number]) => number | undefined) =>
    median(rounds.flatMap((round) => read(round) ?? []).filter(Number.isFinite));
  const latencies = rounds.flatMap((round) => round.latencies as number[]);
  const transactionsPerCommit = middle((round) => round.perCommit);
  return {
    name: scenario.name,
    title: scenario.title,
    unit: scenario.unit,
    perSecond: middle((round) => round.perSecond),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    transactionsPerCommit,
    rowsPerCommit: transactionsPerCommit * middle((round) => round.rowsPerTransaction),
    serverCpu: middle((round) => round.serverCpu),
    postgresCpu: middle((round) => round.postgresCpu),
    clientCpu: middle((round) => round.clientCpu),
    refused: rounds.reduce((sum, { refused }) => sum + Object.values(refused).reduce((a, b) => a + b, 0), 0),
  };
}

function targetsOf({ series }: BenchRun): Target[] {
  const rates = (name: string) => roundsOf(series, name).map(({ perSecond }) => perSecond);
  const ratio = (left: string, right: string) => ratioByRound(rates(left), rates(right));
  const lone = roundsOf(series, 'lone');
  const half = roundsOf(series, 'halfLoad').map(({ latencies }) => percentile(latencies, 0.99));
  const more = (key: string, text: string, value: number, bound: number) =>
    ({ key, text, value, bound, better: 'more' }) as const;
  const less = (key: string, text: string, value: number, bound: number) =>
    ({ key, text, value, bound, better: 'less' }) as const;
  return [
    more('randomOverBaseline', 'random accounts, over lock per transaction', ratio('random', 'baseline'), 6),
    more(
      'randomOverOwnStatements',
      'random accounts, over lock per transaction with our statements',
      ratio('random', 'baselineOwnStatements'),
      1,
    ),
    more('hotOverRandom', 'one hot account, over random accounts', ratio('hot', 'random'), 0.9),
    more('batchRowsOverCopy', 'batch of 200, over COPY of the same rows', ratio('batch', 'copy'), 0.5),
    more('hundredTenantsOverOne', '100 tenants over one, 2,000 connections each', ratio('tenants100', 'tenants1'), 0.4),
    more(
      'hundredTenantsOverBaseline',
      '100 tenants with 100 connections, over lock per transaction on one',
      ratio('tenants100with100', 'baseline'),
      1.2,
    ),
    more('authOverNone', 'multi-tenant with tokens, over single-tenant without', ratio('random', 'withoutAuth'), 0.9),
    less(
      'loneOverCommit',
      'a lone request, over its statements alone',
      median(lone.map(({ latencies, extra }) => percentile(latencies, 0.5) / (extra?.['statementsMs'] ?? Number.NaN))),
      2,
    ),
    less('p99HalfLoadMs', 'p99 at half load, open loop, ms', median(half), 25),
  ];
}

function roundsOf(series: readonly Series[], name: string) {
  return series.find(({ scenario }) => scenario.name === name)?.rounds ?? [];
}

export function holds({ value, bound, better }: Target): boolean {
  return better === 'more' ? value >= bound : value <= bound;
}
