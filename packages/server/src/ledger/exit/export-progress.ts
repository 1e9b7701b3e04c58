import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { OperatorError } from '../../postgres/operator-error.js';
import type { DoneFile, ExportSubject } from './export-files.js';
import type { Manifest } from './manifest.js';
import { Measured } from './row-streams.js';

export const progressFile = 'progress.json';

/** What an export that is not finished says of itself; gone when it is. */
const Progress = Type.Object({
  product: Type.Literal('cofferdam'),
  kind: Type.Literal('progress'),
  version: Type.Literal(1),
  tenantId: Type.String(),
  /** Of what decides how files look: format, schema, recipients. */
  subject: Type.String(),
  done: Type.Array(
    Type.Object({
      file: Type.String({ pattern: '^[a-z_]{1,63}(\\.[0-9]{4,9})?\\.[a-z.]{1,12}$' }),
      rows: Type.Integer({ minimum: 0 }),
      bytes: Type.Integer({ minimum: 0 }),
      check: Type.String(),
      /** Of the file as it lies there. */
      stored: Type.Object({ bytes: Type.Integer({ minimum: 0 }), sha256: Type.String() }),
    }),
  ),
});
type Progress = Static<typeof Progress>;
export type NotedFile = DoneFile & { readonly stored: { readonly bytes: number; readonly sha256: string } };

export interface Folder {
  readonly directory: string;
  /** The file that is written last. */
  readonly last: string;
  /** Names that an export may have left. */
  readonly ours: RegExp;
  readonly nameOf: (file: string) => string;
}

/** Keeps the record of what is finished in a folder of an export that may be broken off at any moment. */
export class ExportProgress {
  readonly #folder: Folder;
  readonly #done: NotedFile[] = [];
  #about: Pick<Progress, 'tenantId' | 'subject'> = { tenantId: '', subject: '' };

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  get done(): readonly NotedFile[] {
    return this.#done;
  }

  /**
   * Makes the folder, or finds in it what an export of the same books has finished; halves and what is not as it was written
   * down are removed.
   * @throws OperatorError when a finished export, one of another tenant, or anything strange is there
   */
  async begin({ tenantId, ...how }: ExportSubject): Promise<readonly NotedFile[]> {
    const { directory, last, ours, nameOf } = this.#folder;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = await readdir(directory);
    const strange = names.find((name) => !ours.test(name) && !/^progress\.json(\.part)?$/.test(name));
    if (strange !== undefined) throw new OperatorError(`${directory} holds ${strange}: choose an empty folder.`);
    const earlier = await readProgress(join(directory, progressFile));
    // With its record of progress beside it, the run that wrote it was killed before it could say so: it goes on.
    if (names.includes(last) && earlier === undefined)
      throw new OperatorError(`${directory} is complete already: choose another folder.`);
    if (earlier !== undefined && earlier.tenantId !== tenantId)
      throw new OperatorError(
        `${directory} holds an unfinished export of tenant ${earlier.tenantId}: choose another folder.`,
      );
    this.#about = { tenantId, subject: JSON.stringify(how) };
    if (earlier?.subject === this.#about.subject)
      for (const noted of earlier.done)
        if ((await digestOf(join(directory, nameOf(noted.file)))) === noted.stored.sha256) this.#done.push(noted);
    const kept = new Set([progressFile, ...this.#done.map(({ file }) => nameOf(file))]);
    for (const name of names) if (!kept.has(name)) await rm(join(directory, name));
    await this.#write();
    return this.#done;
  }

  /** From here on a broken export need not write this file again. */
  async note(noted: NotedFile): Promise<void> {
    this.drop(noted.file);
    this.#done.push(noted);
    await this.#write();
  }

  /** Of files that an earlier run has finished, those that are not in this manifest go. */
  async keepOnly({ tables }: Manifest): Promise<void> {
    const { directory, nameOf } = this.#folder;
    const named = new Set(tables.flatMap(({ files }) => files.map(({ file }) => file)));
    const others = this.#done.filter(({ file }) => !named.has(file));
    for (const { file } of others) {
      await rm(join(directory, nameOf(file)), { force: true });
      this.drop(file);
    }
    if (others.length > 0) await this.#write();
  }

  drop(file: string): void {
    const at = this.#done.findIndex((done) => done.file === file);
    if (at >= 0) this.#done.splice(at, 1);
  }

  end(): Promise<void> {
    return rm(join(this.#folder.directory, progressFile), { force: true });
  }

  #write(): Promise<void> {
    const progress: Progress = { product: 'cofferdam', kind: 'progress', version: 1, ...this.#about, done: this.#done };
    return writeWhole(join(this.#folder.directory, progressFile), progress);
  }
}

async function readProgress(path: string): Promise<Progress | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return Value.Check(Progress, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 of a file; of none when it is missing. */
export async function digestOf(path: string): Promise<string | undefined> {
  const measured = new Measured();
  try {
    await pipeline(createReadStream(path), measured, new PassThrough().resume());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
  return measured.sha256;
}

/** JSON under its name only when all of it is on disk. */
export async function writeWhole(path: string, value: unknown): Promise<void> {
  const draft = `${path}.part`;
  await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
}
