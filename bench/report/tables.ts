import { readable } from '../measure/statistics.js';
import { type Figures, holds, type Line, type Target } from './figures.js';

type Cells = readonly string[];

export function lineCells(lines: readonly Line[]): readonly Cells[] {
  return [
    [
      'scenario',
      'per second',
      'p50 ms',
      'p99 ms',
      'tx/commit',
      'rows/commit',
      'CPU server',
      'CPU PostgreSQL',
      'CPU load',
    ],
    ...lines.map((line) => [
      line.refused > 0 ? `${line.title} (${line.refused} refused)` : line.title,
      `${readable(line.perSecond)}${line.unit === 'transactions/s' ? '' : ` ${line.unit.split('/')[0]}`}`,
      ...[line.p50Ms, line.p99Ms, line.transactionsPerCommit, line.rowsPerCommit].map(readable),
      ...[line.serverCpu, line.postgresCpu, line.clientCpu].map(readable),
    ]),
  ];
}

export function targetCells(targets: readonly Target[]): readonly Cells[] {
  return [
    ['must hold', 'measured', 'bound', ''],
    ...targets.map((target) => [
      target.text,
      readable(target.value),
      `${target.better === 'more' ? '≥' : '≤'} ${target.bound}`,
      Number.isFinite(target.value) ? (holds(target) ? 'holds' : 'does not hold') : 'not measured',
    ]),
  ];
}

/** For a terminal. */
export function plainTable(rows: readonly Cells[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdownTable([head = [], ...rows]: readonly Cells[]): string {
  const line = (cells: Cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

export function printFigures({ lines, targets }: Figures): string {
  return `${plainTable(lineCells(lines))}\n\n${plainTable(targetCells(targets))}\n`;
}
