import { rmSync } from 'node:fs';
import type { ConnectionSettings } from '../connection-settings.js';
import { waitForConnections } from './launch-postmaster.js';
import type { Layout } from './layout.js';
import { readPostmasterFile } from './postmaster-file.js';
import { findProcess } from './processes.js';
import { sameButPort } from './server-arguments.js';
import { endOrphans, isPostmasterOf, stopPostmaster } from './stop-postmaster.js';

export interface Adopted {
  readonly pid: number;
  readonly port: number;
}

/**
 * Deals with what an earlier owner left when it was killed. A postmaster of ours with the arguments we would give is
 * adopted; another one is stopped; leftover processes are ended; a lock file that would only stand in the way is removed.
 * After undefined, the way is clear for a new start.
 */
export async function takeOver(
  layout: Layout,
  expected: { readonly program: string; readonly args: readonly string[] },
  settingsFor: (port: number) => ConnectionSettings,
  say: (message: string) => void,
): Promise<Adopted | undefined> {
  const file = readPostmasterFile(layout.postmasterPid);
  const facts = file === undefined ? undefined : await findProcess(file.pid);
  if (file !== undefined && facts !== undefined && isPostmasterOf(facts, layout.data)) {
    const wanted = [expected.program, ...expected.args];
    // Compared as text: macOS gives the arguments as one string.
    const same = sameButPort(facts.argv.join(' ').split(' '), wanted.join(' ').split(' '));
    if (same && file.status !== 'stopping' && file.port > 0) {
      if (await waitForConnections(file.pid, settingsFor(file.port), 30_000)) {
        say(`PostgreSQL was still running as process ${file.pid}: going on with it`);
        return { pid: file.pid, port: file.port };
      }
    }
    say(`stopping the PostgreSQL left behind as process ${file.pid}`);
    await stopPostmaster(file.pid, layout.data);
  }
  const ended = await endOrphans(layout.data);
  if (ended > 0) say(`ended ${ended} processes of a PostgreSQL whose main process is gone`);
  // A zombie, or a stranger with the same pid, looks to PostgreSQL like a running server. None is left: see above.
  rmSync(layout.postmasterPid, { force: true });
  return undefined;
}
