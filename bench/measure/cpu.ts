import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in these (USER_HZ), on every architecture we run on. */
const ticksPerSecond = 100;

interface ProcessTimes {
  readonly parent: number;
  /** Seconds of user and system time. */
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

/** CPU seconds of one process so far; NaN where there is no /proc. */
export function cpuOf(pid: number): number {
  return readTimes(pid)?.own ?? Number.NaN;
}

/** CPU seconds of a postmaster and all its processes so far, those that have ended included. */
export function cpuOfTree(root: number): number {
  const top = readTimes(root);
  if (top === undefined) return Number.NaN;
  let total = top.own + top.ended;
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? readTimes(Number(name)) : undefined;
    if (times?.parent === root) total += times.own;
  }
  return total;
}

function readTimes(pid: number): ProcessTimes | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The program's name stands in brackets and may hold anything, so fields are counted from behind it.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const ticks = (...at: number[]) => at.reduce((sum, i) => sum + (fields[i] ?? 0), 0) / ticksPerSecond;
  return { parent: fields[1] ?? 0, own: ticks(11, 12), ended: ticks(13, 14) };
}
