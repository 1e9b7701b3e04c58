import { spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OperatorError } from '../operator-error.js';
import type { Identity } from './identity.js';

/** Gives a folder and all in it to the user that the programs run under; nothing to do when it has it already. */
export function giveTo(identity: Identity, path: string): void {
  const uid = identity.user?.uid ?? process.geteuid?.();
  const gid = identity.user?.gid ?? process.getegid?.();
  if (uid === undefined || gid === undefined) return;
  const owner = statSync(path).uid;
  if (owner === uid) return;
  if (process.geteuid?.() !== 0)
    throw new OperatorError(
      `${path} belongs to user ${owner}, and this process runs as user ${uid}. Run it as that user, or give it the folder.`,
    );
  chownTree(path, uid, gid);
}

function chownTree(path: string, uid: number, gid: number): void {
  lchownSync(path, uid, gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) chownTree(join(path, name), uid, gid);
}

/**
 * Sees to it that the other user can reach `folder`. A folder above that cannot be entered is opened for passing through
 * (0711, no listing) only if it is among `ours`; anything else is the operator's, and named in the error.
 */
export function openTheWay(identity: Identity, folder: string, ours: readonly string[]): void {
  const { user } = identity;
  if (user === undefined) return;
  const above: string[] = [];
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) above.unshift(path);
  for (const path of above) {
    if (canEnter(path, user)) continue;
    if (!ours.includes(path))
      throw new OperatorError(
        `PostgreSQL cannot run as root, user namespaces are not available here, and user ${user.uid} cannot enter ${path}. Run cofferdam as an ordinary user, or set COFFERDAM_DATA_DIR to a folder outside ${path}.`,
      );
    chmodSync(path, statSync(path).mode | 0o011);
  }
}

/** The shell cannot even start in a folder that its user may not enter. */
function canEnter(path: string, user: { uid: number; gid: number }): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}
