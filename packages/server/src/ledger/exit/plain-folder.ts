import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ExportSource, ExportTarget } from './export-files.js';
import { manifestFile, readManifest } from './manifest.js';

/** Files that anybody can read who may read the folder (0700). */
export function plainFolder(directory: string): ExportTarget & ExportSource {
  const pathOf = (file: string): string => join(directory, file);
  return {
    begin: () => emptyFolder(directory, manifestFile, /^[a-z_]+\.(csv|jsonl|parquet|json\.part)$/),
    write: (file, bytes) => pipeline(bytes, createWriteStream(pathOf(file), { mode: 0o600, flush: true })),
    finish: (manifest) => writeWhole(pathOf(manifestFile), manifest),
    manifest: async () => readManifest(await readFile(pathOf(manifestFile), 'utf8')),
    open: (file) => createReadStream(pathOf(file)),
    pathOf,
  };
}

/**
 * Makes the folder, or empties it of an export that was broken off.
 * @throws Error when `last`, the file that is written last, or anything strange is there
 */
export async function emptyFolder(directory: string, last: string, ours: RegExp): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = await readdir(directory);
  if (names.includes(last)) throw new Error(`${directory} is complete already: choose another folder.`);
  const strange = names.find((name) => !ours.test(name));
  if (strange !== undefined) throw new Error(`${directory} holds ${strange}: choose an empty folder.`);
  for (const name of names) await rm(join(directory, name));
}

/** JSON under its name only when all of it is on disk. */
export async function writeWhole(path: string, value: unknown): Promise<void> {
  const draft = `${path}.part`;
  await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
}
