import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { OperatorError } from '../operator-error.js';
import { childEnvironment } from './child-environment.js';

/** How the server's programs are started, since PostgreSQL refuses to run as root. */
export interface Identity {
  readonly kind: 'self' | 'namespace' | 'other-user';
  /** Program and arguments that run `program` under this identity. */
  command(program: string, args: readonly string[]): readonly [string, string[]];
  /** For `spawn`, and the owner that files need; only with `other-user`. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const self: Identity = { kind: 'self', command: (program, args) => [program, [...args]] };

/**
 * An ordinary user runs PostgreSQL as itself. Root prefers a user namespace in which it appears as another user: every
 * file stays root's, so folders with mode 0700 work. Where that is forbidden (many containers) the programs run under
 * another user, to whom the folder has to be given. An ordinary user without a name, as containers are often given one by
 * number alone, appears under a name of the system's in such a namespace: initdb ends at once for who has none.
 * @throws OperatorError when there is neither a name nor a namespace
 */
export function chooseIdentity(folder: string, allowNamespace = true): Identity {
  const uid = process.getuid?.();
  if (uid !== 0 && hasName()) return self;
  const user = ordinaryUser();
  const namespace = namespaceIdentity(user);
  if (allowNamespace && canEnter(namespace, dirname(folder))) return namespace;
  if (uid !== 0)
    throw new OperatorError(
      `PostgreSQL runs only for a user that has a name, user ${uid} has none in /etc/passwd, and user namespaces are not available here. Give it a line there, run as another user, or set DATABASE_URL.`,
    );
  return otherUser(ownerOnTheWay(folder) ?? user);
}

/** Inside a namespace root has lost the right to go everywhere: a folder of another user with mode 0700 is closed to it. */
function canEnter(identity: Identity, folder: string): boolean {
  const [program, args] = identity.command('/bin/sh', ['-c', 'cd "$1"', 'sh', folder]);
  return spawnSync(program, args, { env: childEnvironment(), cwd: '/', stdio: 'ignore', timeout: 5_000 }).status === 0;
}

function namespaceIdentity({ uid, gid }: { uid: number; gid: number }): Identity {
  const options = ['--user', `--map-user=${uid}`, `--map-group=${gid}`];
  return { kind: 'namespace', command: (program, args) => ['unshare', [...options, '--', program, ...args]] };
}

function otherUser(user: { uid: number; gid: number }): Identity {
  return { kind: 'other-user', command: self.command, user };
}

/** Asks the system, which may know users from elsewhere than /etc/passwd. */
function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

/** In somebody's home its owner gets through where `nobody` does not; a later start finds the user of the first one. */
function ownerOnTheWay(folder: string): { uid: number; gid: number } | undefined {
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    const { uid, gid } = statSync(path);
    if (uid !== 0) return { uid, gid };
  }
  return undefined;
}

/** initdb looks its user up by number, so it has to be one that /etc/passwd knows. */
function ordinaryUser(): { uid: number; gid: number } {
  const users = new Map<string, { uid: number; gid: number }>();
  for (const line of readPasswd().split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name !== undefined && Number(uid) > 0) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  const [first] = users.values();
  return users.get('postgres') ?? users.get('nobody') ?? first ?? { uid: 65_534, gid: 65_534 };
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
