import { costliestStatements } from './measure/statements.js';
import type { BenchOptions } from './options.js';
import { type BaselinePool, baseline, baselineOwnStatements, tuneBaseline } from './scenarios/baseline.js';
import { copyCeiling } from './scenarios/copy-ceiling.js';
import { halfLoad } from './scenarios/half-load.js';
import { loneRequest } from './scenarios/lone-request.js';
import { batchOf200, hotAccount, manyToMany, randomAccounts, withoutAuth } from './scenarios/posting.js';
import { readsUnderWrites } from './scenarios/reads-under-writes.js';
import type { Measurement, Scenario } from './scenarios/scenario.js';
import { hundredTenants, hundredTenantsFewConnections, oneTenant, tenTenants } from './scenarios/tenants.js';
import { openStage } from './stage/stage.js';

/** In the order of the table; in a round they run in this order too, so those that are compared stand close together. */
const scenarios: readonly Scenario[] = [
  baseline,
  baselineOwnStatements,
  randomAccounts,
  hotAccount,
  withoutAuth,
  halfLoad,
  manyToMany,
  batchOf200,
  copyCeiling,
  readsUnderWrites,
  loneRequest,
  oneTenant,
  tenTenants,
  hundredTenants,
  hundredTenantsFewConnections,
];

/** No ratio of the issue needs them. */
const leftOutWhenQuick = [baselineOwnStatements, tenTenants, manyToMany];

export interface Series {
  readonly scenario: Scenario;
  /** One per round. */
  readonly rounds: readonly Measurement[];
}

export interface BenchRun {
  readonly series: readonly Series[];
  /** Width of the baseline's pool in the rounds, and what every width gave beforehand. */
  readonly baselinePool: BaselinePool | undefined;
  readonly startedAt: Date;
  readonly seconds: number;
}

/** Sets up, runs the rounds, takes everything down again; `say` tells what is going on. */
export async function runBench(options: BenchOptions, say: (text: string) => void): Promise<BenchRun> {
  const startedAt = new Date();
  const chosen = scenarios.filter((each) =>
    options.only === undefined ? !(options.quick && leftOutWhenQuick.includes(each)) : options.only.has(each.name),
  );
  if (chosen.length === 0) throw new RangeError(`--only: choose among ${scenarios.map(({ name }) => name).join(', ')}`);
  const needsMany = chosen.some(({ name }) => /^tenants\d{2}/.test(name));
  const stage = await openStage({ ...options, tenants: needsMany ? options.tenants : 0, say });
  const stop = () => void stage.close().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    const window = { warmUpMs: options.warmUpMs, measuredMs: options.measuredMs };
    const setting = { stage, window, soFar: new Map() };
    say('warming up');
    // Code is compiled and connections are opened before anything counts.
    for (const scenario of [randomAccounts, hundredTenants, withoutAuth])
      if (chosen.includes(scenario)) await scenario.run(setting);
    say('choosing the pool of the baseline');
    const trial = options.quick ? { ...setting, window: { warmUpMs: 200, measuredMs: 400 } } : setting;
    const baselinePool = chosen.includes(baseline) ? await tuneBaseline(baseline, trial) : undefined;
    if (chosen.includes(baselineOwnStatements)) await tuneBaseline(baselineOwnStatements, trial);
    const results = new Map(chosen.map((scenario) => [scenario, [] as Measurement[]]));
    for (let round = 1; round <= options.rounds; round += 1) {
      const soFar = new Map<string, Measurement>();
      for (const scenario of chosen) {
        say(`round ${round} of ${options.rounds}: ${scenario.title}`);
        const measurement = await scenario.run({ stage, window, soFar });
        soFar.set(scenario.name, measurement);
        results.get(scenario)?.push(measurement);
      }
    }
    if (process.env['BENCH_STATEMENTS'] !== undefined) console.log(await costliestStatements(stage));
    return {
      series: [...results].map(([scenario, rounds]) => ({ scenario, rounds })),
      baselinePool,
      startedAt,
      seconds: (Date.now() - startedAt.getTime()) / 1000,
    };
  } finally {
    process.removeListener('SIGINT', stop);
    say('closing');
    await stage.close();
  }
}
