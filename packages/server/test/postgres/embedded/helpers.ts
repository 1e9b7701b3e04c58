import { spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { ConnectionSettings } from '../../../src/postgres/connection-settings.js';
import { layoutOf } from '../../../src/postgres/embedded/layout.js';
import { processesStandingIn } from '../../../src/postgres/embedded/processes.js';
import { endOrphans } from '../../../src/postgres/embedded/stop-postmaster.js';
import type { Ready } from './start-owner.js';

/** A folder with mode 0700, as `mkdtemp` makes it: what CI and ordinary users have. */
export function privateFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'cofferdam-embedded-')));
}

/** The same where this user can get to it: the temporary folder itself may be root's alone. */
export function privateFolderWithin(reach: { readonly uid: number; readonly gid: number } | undefined): string {
  if (reach === undefined) return privateFolder();
  const enters = (path: string) =>
    spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { ...reach, cwd: '/', stdio: 'ignore' }).status === 0;
  const base = [tmpdir(), '/tmp', '/var/tmp'].find(enters);
  if (base === undefined) throw new Error(`no temporary folder that user ${reach.uid} can enter`);
  return realpathSync(mkdtempSync(join(base, 'cofferdam-embedded-')));
}

export async function removeFolder(folder: string, directory = join(folder, 'postgres')): Promise<void> {
  await endOrphans(layoutOf(directory).data);
  rmSync(folder, { recursive: true, force: true });
}

export async function ask(where: Pick<Ready, 'host' | 'port' | 'user' | 'password'>, sql: string): Promise<unknown[]> {
  const { host, port, user, password } = where;
  const client = new pg.Client({ host, port, user, password, database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

/** The same server over TCP. */
export function overTcp(settings: ConnectionSettings): ConnectionSettings {
  return { ...settings, host: '127.0.0.1' };
}

/** How many server processes stand in the data folder. */
export async function countServerProcesses(directory: string): Promise<number> {
  return (await processesStandingIn(layoutOf(directory).data)).length;
}

/**
 * Everything that group or others could read, write or enter, had they come so far: the folder itself is 0700. A copy of the
 * programs keeps the modes of its package.
 */
export function openToOthers(folder: string): string[] {
  const found: string[] = [];
  const stat = lstatSync(folder);
  if (!stat.isSymbolicLink() && (stat.mode & 0o077) !== 0) found.push(folder);
  if (stat.isDirectory())
    for (const name of readdirSync(folder))
      if (!name.startsWith('binaries-')) found.push(...openToOthers(join(folder, name)));
  return found;
}

/** A user of this machine that is not root and is known by number. */
export function someOrdinaryUser(): { uid: number; gid: number } {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === 'nobody' || name === 'daemon') return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65_534, gid: 65_534 };
}

export const isRoot = process.getuid?.() === 0;
export const quietLog = { warn() {} };
