import type { BenchRun } from '../run.js';
import type { Figures } from './figures.js';
import { describeMachine } from './machine.js';

/** The figures under stable names, for programs that watch them. */
export function jsonReport(run: BenchRun, { lines, targets }: Figures): string {
  const value = (key: string) => targets.find((target) => target.key === key)?.value;
  const ratios = targets.filter(({ key }) => key !== 'p99HalfLoadMs').map(({ key, value }) => [key, value]);
  return `${JSON.stringify(
    {
      startedAt: run.startedAt.toISOString(),
      seconds: run.seconds,
      machine: describeMachine(),
      ratios: Object.fromEntries(ratios),
      p99HalfLoadMs: value('p99HalfLoadMs'),
      baselinePool: run.baselinePool,
      scenarios: Object.fromEntries(lines.map(({ name, ...line }) => [name, line])),
      rounds: Object.fromEntries(
        run.series.map(({ scenario, rounds }) => [
          scenario.name,
          rounds.map(({ perSecond, perCommit, extra }) => ({ perSecond, perCommit, ...extra })),
        ]),
      ),
    },
    // JSON has no NaN: what was not measured is null.
    (_key, item) => (typeof item === 'number' && !Number.isFinite(item) ? null : item),
    2,
  )}\n`;
}
