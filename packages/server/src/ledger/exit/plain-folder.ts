import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ExportSource, ExportTarget } from './export-files.js';
import { ExportProgress, writeWhole } from './export-progress.js';
import { bookFilePattern, manifestFile, readManifest } from './manifest.js';
import { Measured } from './row-streams.js';

/** Files that anybody can read who may read the folder (0700). */
export function plainFolder(directory: string): ExportTarget & ExportSource {
  const pathOf = (file: string): string => join(directory, file);
  const ours = new RegExp(`^(${bookFilePattern}(\\.part)?|manifest\\.json(\\.part)?)$`);
  const progress = new ExportProgress({ directory, last: manifestFile, ours, nameOf: (file) => file });
  let stored = { bytes: 0, sha256: '' };
  return {
    begin: (subject) => progress.begin(subject),
    async write(file, bytes) {
      const measured = new Measured();
      const draft = `${pathOf(file)}.part`;
      await pipeline(bytes, measured, createWriteStream(draft, { mode: 0o600, flush: true }));
      await rename(draft, pathOf(file));
      stored = { bytes: measured.bytes, sha256: measured.sha256 };
    },
    note: (done) => progress.note({ ...done, stored }),
    async finish(manifest) {
      await progress.keepOnly(manifest);
      await writeWhole(pathOf(manifestFile), manifest);
      await progress.end();
    },
    manifest: async () => readManifest(await readFile(pathOf(manifestFile), 'utf8')),
    open: (file) => createReadStream(pathOf(file)),
    pathOf,
  };
}
