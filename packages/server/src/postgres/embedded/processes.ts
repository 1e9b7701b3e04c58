import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childEnvironment } from './child-environment.js';

/**
 * What the operating system knows about processes. Linux answers from /proc; elsewhere (macOS) `ps` and `lsof` answer the
 * same questions, more slowly.
 */
export interface ProcessFacts {
  readonly pid: number;
  /** Arguments with the program first. On macOS one string, split at spaces. */
  readonly argv: readonly string[];
  /** Identifies the process among all that ever had this pid. */
  readonly birth: string;
}

const hasProc = process.platform === 'linux';
const run = promisify(execFile);

/** The facts of a living process; undefined when it is gone, or a zombie: dead, only not yet collected by its parent. */
export async function findProcess(pid: number): Promise<ProcessFacts | undefined> {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return hasProc ? readProc(pid) : askPs(pid);
}

/** Processes that stand in this folder, as every process of a PostgreSQL server does in its data folder. */
export async function processesStandingIn(folder: string): Promise<ProcessFacts[]> {
  if (!hasProc) return processesByLsof(folder);
  return allProcesses((pid) => {
    const place = readlinkSync(`/proc/${pid}/cwd`);
    // A folder removed under a running process reads as `… (deleted)`.
    return place === folder || place === `${folder} (deleted)`;
  });
}

/** Processes with this text inside one of their arguments. */
export async function processesMentioning(text: string): Promise<ProcessFacts[]> {
  if (hasProc) return allProcesses((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text));
  const { stdout } = await run('ps', ['-axwwo', 'pid=,command=']).catch(() => ({ stdout: '' }));
  const pids = stdout.split('\n').filter((line) => line.includes(text));
  return findAll(pids.map((line) => Number.parseInt(line, 10)));
}

/** Sends a signal, 0 only asks; false when no process has this pid. A zombie still has its pid. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false; // 0 and negative numbers would mean whole groups
  try {
    return process.kill(pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return false;
    if (code === 'EPERM' && name === 0) return true;
    throw error;
  }
}

/** Waits until none of `find` is left; false when the time is over first. */
export async function waitUntilNone(find: () => Promise<readonly unknown[]>, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    if ((await find()).length === 0) return true;
    if (Date.now() >= deadline) return false;
    await sleep(pauseMs);
  }
}

function readProc(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may hold anything; the fields after it are state, parent, …, start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    // Start time counts clock ticks since boot; without the boot's id a reboot could bring the same pair again.
    return { pid, argv, birth: `${bootId()}/${fields[19]}` };
  } catch {
    return undefined; // gone while we looked
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // hidden in some sandboxes
  }
}

async function askPs(pid: number): Promise<ProcessFacts | undefined> {
  const { stdout } = await run('ps', ['-wwo', 'state=,lstart=,command=', '-p', String(pid)], {
    env: childEnvironment(),
  }).catch(() => ({ stdout: '' }));
  // `S    Tue Nov 24 08:00:00 2026 /path/postgres -D /data`
  const match = /^(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(stdout.trim());
  if (match === null || match[1]?.startsWith('Z')) return undefined;
  return { pid, argv: (match[3] ?? '').split(' '), birth: match[2] ?? '' };
}

async function processesByLsof(folder: string): Promise<ProcessFacts[]> {
  // Without lsof (never the case on macOS) nothing is found, and PostgreSQL's own checks remain.
  const { stdout } = await run('lsof', ['-a', '-d', 'cwd', '-c', 'postgres', '-Fpn']).catch(() => ({ stdout: '' }));
  const pids: number[] = [];
  let pid = 0;
  for (const line of stdout.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    if (line === `n${folder}`) pids.push(pid);
  }
  return findAll(pids);
}

async function findAll(pids: readonly number[]): Promise<ProcessFacts[]> {
  const found = await Promise.all(pids.map(findProcess));
  return found.filter((facts) => facts !== undefined);
}

function allProcesses(matches: (pid: number) => boolean): ProcessFacts[] {
  const found: ProcessFacts[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    try {
      if (!matches(pid)) continue;
    } catch {
      continue; // gone, or not ours to look at
    }
    const facts = readProc(pid);
    if (facts !== undefined) found.push(facts);
  }
  return found;
}
