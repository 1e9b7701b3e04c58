import { openLoop } from '../load/open-loop.js';
import { postRequests, randomTransfers } from '../load/requests.js';
import { randomAccounts } from './posting.js';
import { cpuMeter, measured, type Scenario } from './scenario.js';

/** Open loop at half of the rate that the same round reached with 100 callers; times count from the scheduled moment. */
export const halfLoad: Scenario = {
  name: 'halfLoad',
  title: 'ours, open loop at half of the saturated rate',
  unit: 'transactions/s',
  async run({ stage, window, soFar }) {
    const saturated = soFar.get(randomAccounts.name)?.perSecond;
    if (saturated === undefined) throw new Error('half of what? the saturated rate comes first');
    const meter = cpuMeter(stage, stage.ours);
    const load = await openLoop(
      {
        port: stage.ours.ledgerPort,
        connections: 200,
        perSecond: saturated / 2,
        next: postRequests(stage.books, 'json', randomTransfers(stage.books)),
      },
      window,
      meter.edges,
    );
    return { ...measured(load), ...meter.shares() };
  },
};
