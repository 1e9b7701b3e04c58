import { readFileSync } from 'node:fs';

/** What PostgreSQL writes into `postmaster.pid`, line by line. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  /** `starting`, `ready`, `stopping`, …; empty in the first moments. */
  readonly status: string;
}

export function readPostmasterFile(path: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3] ?? ''), status: (lines[7] ?? '').trim() };
  } catch {
    return undefined;
  }
}
