import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly accounts: number;
  readonly tenants: number;
  /** Accounts of each of the many tenants. */
  readonly accountsEach: number;
  readonly manyIsolation: 'database' | 'schema';
  /** Names of scenarios; undefined: all. */
  readonly only: ReadonlySet<string> | undefined;
  readonly jsonFile: string | undefined;
  /** Into bench/results. */
  readonly write: boolean;
  readonly quick: boolean;
}

export const help = `npm run bench -- [options]

Measures Cofferdam against a ledger that takes a database transaction for each transaction, in one run: an embedded
PostgreSQL with fsync on in a temporary folder, three servers, and the load. Needs nothing but this machine; listens on
loopback only. The phases of all scenarios take turns, so that ratios hold on a machine that is not quite quiet.

  --quick           at most 60 s: shorter phases, one round; writes nothing into bench/results
  --json FILE       the figures for programs: ratios.* and p99HalfLoadMs, and every scenario
  --rounds N        how often each scenario runs (default 3)
  --seconds S       measured seconds of each phase (default 4)
  --only A,B        these scenarios only, e.g. random,hot (no ratios that need others)
  --no-write        leave bench/results as it is
  --density         1,000 tenants on few connections instead (its own --help; also npm run bench:density)
  --fairness        a tenant over its quota beside others instead (also npm run bench:fairness)
  --peers           how to run pgbench and pgledger beside it
  --help            this text

Environment: BENCH_CPU_PROF=folder leaves a CPU profile of the measured server there.
`;

/** @throws TypeError for an option that is not known, RangeError for a number that makes no sense */
export function readOptions(args: readonly string[]): BenchOptions | 'help' | 'peers' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      'no-write': { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.peers) return 'peers';
  const { quick } = values;
  return {
    quick,
    rounds: positive('--rounds', values.rounds, quick ? 1 : 3, 100),
    measuredMs: positive('--seconds', values.seconds, quick ? 0.6 : 4, 600) * 1000,
    warmUpMs: quick ? 300 : 1_000,
    accounts: quick ? 200 : 1_000,
    tenants: 100,
    accountsEach: quick ? 4 : 20,
    manyIsolation: quick ? 'schema' : 'database',
    only: values.only === undefined ? undefined : new Set(values.only.split(',')),
    jsonFile: values.json,
    write: !quick && !values['no-write'] && values.only === undefined,
  };
}

function positive(name: string, text: string | undefined, fallback: number, max: number): number {
  const number = text === undefined ? fallback : Number(text);
  if (!(number > 0 && number <= max)) throw new RangeError(`${name} is ${text}: give a number above 0, at most ${max}`);
  return number;
}
