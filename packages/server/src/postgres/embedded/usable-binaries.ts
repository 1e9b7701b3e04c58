import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../operator-error.js';
import { type Binaries, binariesIn, ensureLinks } from './binaries.js';
import type { Identity } from './identity.js';
import { giveTo } from './ownership.js';

/**
 * Binaries that start under this identity: the package's own if they do, else a copy in the data folder (60 MB), for when
 * node_modules is read-only without its links, or lies where the other user cannot go.
 */
export async function usableBinaries(package_: Binaries, identity: Identity, root: string): Promise<Binaries> {
  const linked = await ensureLinks(package_.root);
  if (starts(package_, identity) === undefined) return package_;
  const copy = await copyOnce(package_, identity, root);
  const problem = starts(copy, identity);
  if (problem === undefined) return copy;
  const reason = linked ? '' : ' (links could not be made beside the originals)';
  throw new OperatorError(
    `PostgreSQL's program ${copy.postgres} does not start${reason}: ${problem}. Set DATABASE_URL instead.`,
  );
}

async function copyOnce(package_: Binaries, identity: Identity, root: string): Promise<Binaries> {
  const name = `binaries-${package_.version}`;
  const folder = join(root, name);
  for (const other of readdirSync(root))
    if (other.startsWith('binaries-') && other !== name) rmSync(join(root, other), { recursive: true, force: true });
  if (!existsSync(folder)) {
    const draft = `${folder}.new`;
    cpSync(package_.root, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await ensureLinks(join(draft, 'native'));
    giveTo(identity, draft);
    renameSync(draft, folder);
  }
  giveTo(identity, folder);
  return binariesIn(join(folder, 'native'), package_.version);
}

/** What is wrong, or undefined when the program runs. */
function starts(binaries: Binaries, identity: Identity): string | undefined {
  const [program, args] = identity.command(binaries.postgres, ['--version']);
  const { status, error, stderr } = spawnSync(program, args, {
    ...identity.user,
    cwd: '/',
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (status === 0) return undefined;
  const musl = /ld-linux|not found/.test(stderr ?? '') ? ' (the binaries need glibc; Alpine has musl)' : '';
  return `${error?.message ?? stderr.trim()}${musl}`;
}
