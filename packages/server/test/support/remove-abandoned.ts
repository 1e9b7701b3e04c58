import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf } from '../../src/postgres/embedded/layout.js';
import { takeOwnership } from '../../src/postgres/embedded/owner-lock.js';
import { readPostmasterFile } from '../../src/postgres/embedded/postmaster-file.js';
import { endOrphans, stopPostmaster } from '../../src/postgres/embedded/stop-postmaster.js';

export const temporaryPrefix = 'cofferdam-vitest-';

/** Stops and removes the servers of test runs that were killed: nobody else would ever. Living runs are left alone. */
export async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const root = join(tmpdir(), name, 'postgres');
    // Without the lock file the folder may be that of a run that is just starting.
    if (!name.startsWith(temporaryPrefix) || !existsSync(join(root, 'owner.lock'))) continue;
    const lock = await takeOwnership(root).catch(() => undefined);
    if (lock === undefined) continue;
    const { data, postmasterPid } = layoutOf(root);
    const file = readPostmasterFile(postmasterPid);
    if (file === undefined) await endOrphans(data);
    else await stopPostmaster(file.pid, data, { fastMs: 1_000, immediateMs: 3_000 });
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
