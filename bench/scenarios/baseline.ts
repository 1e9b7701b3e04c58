import { randomTransfers } from '../load/requests.js';
import { postScenario } from './post-scenario.js';
import type { Scenario, Setting } from './scenario.js';

export const poolWidths = [4, 8, 16, 32] as const;

/** How wide the baseline's pool is in the rounds; found by `tuneBaseline`. */
export interface BaselinePool {
  readonly best: number;
  readonly rates: Readonly<Record<number, number>>;
}

/** Set by the run before the rounds: both forms work at their own best width. */
const widths = { conventional: 16, ownStatements: 16 };

function lockPerTransaction(name: string, title: string, ownStatements: boolean): Scenario {
  const post = postScenario({
    name,
    title,
    server: (stage) => stage.baseline,
    books: (stage) => [stage.baselineBooks],
    connections: 100,
    makeBody: randomTransfers,
  });
  return {
    ...post,
    async run(setting) {
      const width = ownStatements ? widths.ownStatements : widths.conventional;
      await setting.stage.baseline.ask({ width, ownStatements });
      return post.run(setting);
    },
  };
}

export const baseline = lockPerTransaction('baseline', 'lock per transaction, random accounts, 100 connections', false);

/** What our own statements give without committing together: shows how much of the gain is theirs. */
export const baselineOwnStatements = lockPerTransaction(
  'baselineOwnStatements',
  'lock per transaction, but with our statements, sent together',
  true,
);

/** Tries every width once and leaves the scenario at the best one, which the rounds then measure. */
export async function tuneBaseline(scenario: Scenario, setting: Setting): Promise<BaselinePool> {
  const form = scenario === baseline ? 'conventional' : 'ownStatements';
  const rates: Record<number, number> = {};
  for (const width of poolWidths) {
    widths[form] = width;
    rates[width] = (await scenario.run(setting)).perSecond;
  }
  const best = poolWidths.reduce((a, b) => ((rates[b] ?? 0) > (rates[a] ?? 0) ? b : a));
  widths[form] = best;
  return { best, rates };
}
