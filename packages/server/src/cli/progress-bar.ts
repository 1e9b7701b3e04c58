const width = 24;

/** `████████░░░░ 120 of 1,000, 3 failed` for the line of a running step. */
export function progressBar(done: number, total: number, failed = 0): string {
  const filled = total === 0 ? width : Math.round((done / total) * width);
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
  const count = (value: number) => value.toLocaleString('en');
  return `${bar} ${count(done)} of ${count(total)}${failed > 0 ? `, ${count(failed)} failed` : ''}`;
}
