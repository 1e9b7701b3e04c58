import { readFileSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';

const place = '/dev/shm';
/** A whole run keeps 1–2 GB of databases, and the machine needs the rest. */
const bytesMin = 4 * 1024 ** 3;

/**
 * The shared-memory file system of Linux, when it is there, large enough and programs may run from it. A database has some 300
 * files: making one there takes 20 ms, on a busy disk up to 250. Undefined elsewhere, and where TMPDIR names a folder already.
 */
export function memoryFolder(): string | undefined {
  if (process.env['TMPDIR'] !== undefined || process.platform !== 'linux') return;
  try {
    const { bavail, bsize } = statfsSync(place);
    if (bavail * bsize < bytesMin || freemem() < bytesMin) return;
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[1] === place);
    return mount === undefined || mount.split(' ')[3]?.split(',').includes('noexec') ? undefined : place;
  } catch {
    return; // not there, or not for us
  }
}
