import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../operator-error.js';
import { findProcess } from './processes.js';

interface Owner {
  readonly pid: number;
  readonly birth: string;
}

export interface OwnerLock {
  release(): void;
}

/**
 * Takes the folder for this process, or throws naming the process that has it. What a dead process left behind does not
 * count, nor does one whose pid now belongs to somebody else. Processes of other containers are not seen: PostgreSQL's own
 * lock and the shared memory check still guard the data then.
 */
export async function takeOwnership(folder: string): Promise<OwnerLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'owner.lock');
  const birth = (await findProcess(process.pid))?.birth ?? '';
  const mine: Owner = { pid: process.pid, birth };
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (place(path, mine) && (attempt === 0 || (await isStillMine(path, mine))))
      return { release: () => removeIfMine(path, mine) };
    const holder = read(path);
    if (holder !== undefined && (await isAlive(holder)))
      throw new OperatorError(
        `the data folder ${folder} belongs to a running cofferdam, process ${holder.pid}. Stop that one first, or set COFFERDAM_DATA_DIR to another folder.`,
      );
    putAside(path, holder);
  }
  throw new OperatorError(`several processes are starting on the data folder ${folder} at once`);
}

/** The file appears under its name with its content, or not at all: a link to a finished file is made or refused. */
function place(path: string, owner: Owner): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** After a stale lock was broken, a twin that saw the same one may for a moment have moved ours, and a third have come in. */
async function isStillMine(path: string, mine: Owner): Promise<boolean> {
  await sleep(30);
  const holder = read(path);
  return holder?.pid === mine.pid && holder.birth === mine.birth;
}

async function isAlive(owner: Owner): Promise<boolean> {
  const facts = await findProcess(owner.pid);
  return facts !== undefined && facts.birth === owner.birth;
}

/** Between reading a stale lock and moving it, a twin may have put its fresh one there: that one is put back. */
function putAside(path: string, stale: Owner | undefined): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    const moved = read(aside);
    if (moved !== undefined && !(moved.pid === stale?.pid && moved.birth === stale.birth)) linkSync(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function removeIfMine(path: string, mine: Owner): void {
  const holder = read(path);
  if (holder?.pid === mine.pid && holder.birth === mine.birth) rmSync(path, { force: true });
}

function read(path: string): Owner | undefined {
  try {
    const { pid, birth } = JSON.parse(readFileSync(path, 'utf8')) as Owner;
    return { pid, birth };
  } catch {
    return undefined;
  }
}
