import { existsSync, realpathSync } from 'node:fs';
import type { ConnectionSettings } from '../connection-settings.js';
import { layoutOf } from './layout.js';
import { readPostmasterFile } from './postmaster-file.js';
import { findProcess } from './processes.js';
import { usableSocketFolder } from './server-arguments.js';
import { isPostmasterOf } from './stop-postmaster.js';
import { readPassword, superuserSettings } from './superuser.js';

/**
 * The superuser of the embedded server that another process runs on this folder, for commands beside a running `serve`;
 * undefined when none is running there.
 */
export async function findRunning(directory: string): Promise<ConnectionSettings | undefined> {
  if (!existsSync(directory)) return undefined;
  const layout = layoutOf(realpathSync(directory));
  const file = readPostmasterFile(layout.postmasterPid);
  if (file?.status !== 'ready') return undefined;
  const facts = await findProcess(file.pid);
  if (facts === undefined || !isPostmasterOf(facts, layout.data)) return undefined;
  return superuserSettings(usableSocketFolder(layout.root), file.port, readPassword(layout));
}
