import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

const sizeMax = 10 * 1024 * 1024;

/**
 * Keeps the log within two files of 10 MiB: past that size it is copied to `….1` and emptied. The server goes on writing
 * through its open file, in append mode, so it needs no word of it; lines written within the copy itself may be lost.
 */
export function boundLog(path: string): void {
  try {
    if (statSync(path).size <= sizeMax) return;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  } catch {
    // No log yet, or a full disk: the server's own trouble is reported elsewhere.
  }
}

/** Opened for the server to write to; survives us. */
export function openLog(path: string): number {
  return openSync(path, 'a', 0o600);
}

/** What was written after `offset`, at most the last 4,000 bytes. */
export function logSince(path: string, offset: number): string {
  try {
    const { size } = statSync(path);
    const start = Math.max(offset, size - 4_000, 0);
    const buffer = Buffer.alloc(Math.max(size - start, 0));
    const file = openSync(path, 'r');
    try {
      readSync(file, buffer, 0, buffer.length, start);
    } finally {
      closeSync(file);
    }
    return buffer.toString('utf8').trim();
  } catch {
    return '';
  }
}

export function logSize(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
