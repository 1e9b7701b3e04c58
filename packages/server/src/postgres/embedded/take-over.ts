import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitForConnections } from './check-password.js';
import type { Launch } from './launch-postmaster.js';
import { readPostmasterFile } from './postmaster-file.js';
import { findProcess, signal } from './processes.js';
import { sameButPort } from './server-arguments.js';
import { endOrphans, isPostmasterOf, stopPostmaster } from './stop-postmaster.js';

/**
 * Deals with what an earlier owner left when it was killed. A postmaster of ours with the arguments we would give is
 * adopted; another one is stopped; leftover processes are ended; lock files that would only stand in the way are removed.
 * After undefined, the way is clear for a new start.
 */
export async function takeOver(
  how: Launch,
  say: (message: string) => void,
): Promise<{ pid: number; port: number } | undefined> {
  const { data, root, postmasterPid } = how.layout;
  const file = readPostmasterFile(postmasterPid);
  const facts = file === undefined ? undefined : await findProcess(file.pid);
  if (file !== undefined && facts !== undefined && isPostmasterOf(facts, data)) {
    const usable = sameButPort(facts.argv, [how.program, ...how.args(file.port)]) && file.status !== 'stopping';
    if (usable && (await waitForConnections(file.pid, how.settings(file.port), 30_000))) {
      say(`PostgreSQL was still running as process ${file.pid}: going on with it`);
      return { pid: file.pid, port: file.port };
    }
    say(`stopping the PostgreSQL left behind as process ${file.pid}`);
    await stopPostmaster(file.pid, data);
  }
  const ended = await endOrphans(data);
  if (ended > 0) say(`ended ${ended} processes of a PostgreSQL whose main process is gone`);
  const socketLocks = readdirSync(root).filter((name) => /^\.s\.PGSQL\.\d+\.lock$/.test(name));
  for (const path of [postmasterPid, ...socketLocks.map((name) => join(root, name))]) removeMisleading(path);
  return undefined;
}

/**
 * A zombie, or a stranger with the same pid, looks to PostgreSQL like a running server, though none is left: see above.
 * Any other lock file stays, for it also tells PostgreSQL which shared memory to check.
 */
function removeMisleading(lockFile: string): void {
  const file = readPostmasterFile(lockFile);
  if (file !== undefined && signal(file.pid, 0)) rmSync(lockFile, { force: true });
}
