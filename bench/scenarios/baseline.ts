import { randomTransfers } from '../load/requests.js';
import { postScenario } from './post-scenario.js';
import type { Scenario, Setting } from './scenario.js';

export const poolWidths = [4, 8, 16, 32] as const;

const post = postScenario({
  name: 'baseline',
  title: 'lock per transaction, random accounts, 100 connections',
  server: (stage) => stage.baseline,
  books: (stage) => [stage.baselineBooks],
  connections: 100,
  makeBody: randomTransfers,
});

/** Tries every width once and leaves the baseline at the best one, which the rounds then measure. */
export async function tuneBaseline(setting: Setting): Promise<{ best: number; rates: Record<number, number> }> {
  const rates: Record<number, number> = {};
  for (const width of poolWidths) {
    await setting.stage.baseline.ask({ width });
    rates[width] = (await post.run(setting)).perSecond;
  }
  const best = poolWidths.reduce((a, b) => ((rates[b] ?? 0) > (rates[a] ?? 0) ? b : a));
  await setting.stage.baseline.ask({ width: best });
  return { best, rates };
}

export const baseline: Scenario = post;
