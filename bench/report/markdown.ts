import type { BenchRun } from '../run.js';
import type { Figures } from './figures.js';
import { describeMachine } from './machine.js';
import { lineCells, markdownTable, targetCells } from './tables.js';

/** The page of one run for `bench/results`. */
export function markdownReport(run: BenchRun, { lines, targets }: Figures, secondsEach: number): string {
  const pool = run.baselinePool;
  const widths = Object.entries(pool?.rates ?? {}).map(([width, rate]) => `${width}: ${Math.round(rate)}/s`);
  const rounds = run.series[0]?.rounds.length ?? 0;
  return `# Benchmark of ${run.startedAt.toISOString().slice(0, 10)}

![Transactions a second](throughput.svg)

${describeMachine()
  .map((text) => `- ${text}`)
  .join('\n')}
- ${rounds} rounds; in each, every scenario ran for ${secondsEach} s after its warm-up, in the order of the table
- baseline: one database transaction for each transaction, pool of ${pool?.best ?? '–'}, the best of ${widths.join(', ')}

${markdownTable(lineCells(lines))}

Rates are medians of the rounds; latencies are of all answers. A batch's latency is that of the whole request, COPY's that
of one commit. CPU in cores. "tx/commit" is counted from the outbox; with many tenants it is that of the first.

${markdownTable(targetCells(targets))}

Ratios are medians of the rounds' own ratios. Made by \`npm run bench\`; what the figures mean:
[docs/performance.md](../../docs/performance.md).
`;
}
