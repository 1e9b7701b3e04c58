import Table from 'cli-table3';

type Cell = string | number;

/** For people, without colours: the same on a terminal and in a pipe. Without `head`: names and values. */
export function table(
  rows: readonly (readonly Cell[])[],
  head: readonly string[] = [],
  aligns: readonly ('left' | 'right')[] = [],
): string {
  const made = new Table({ head: [...head], colAligns: [...aligns], style: { head: [], border: [] } });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}
