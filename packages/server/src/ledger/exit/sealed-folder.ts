import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { Decrypter, Encrypter } from 'age-encryption';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { OperatorError } from '../../postgres/operator-error.js';
import type { ExportSource, ExportTarget } from './export-files.js';
import { digestOf, ExportProgress, writeWhole } from './export-progress.js';
import { type Manifest, manifestFile, readManifest } from './manifest.js';
import { Measured } from './row-streams.js';

/** What can be read without the key: whose backup it is, of when, and whether its files are as they were written. */
const Label = Type.Object({
  product: Type.Literal('cofferdam'),
  kind: Type.Literal('backup'),
  version: Type.Literal(1),
  tenant: Type.Object({ id: Type.String(), slug: Type.Optional(Type.String()) }),
  takenAt: Type.String(),
  schemaVersion: Type.String(),
  recipients: Type.Array(Type.String()),
  files: Type.Array(
    Type.Object({
      file: Type.String({ pattern: '^[a-z_]{1,63}(\\.[0-9]{4,9})?\\.(csv|json)\\.gz\\.age$' }),
      bytes: Type.Integer({ minimum: 0 }),
      /** Of the file as it lies there. */
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    }),
  ),
});
export type Label = Static<typeof Label>;

export const labelFile = 'label.json';
const sealedName = (file: string): string => `${file}.gz.age`;

/**
 * Each file compressed and encrypted to the recipients (age-encryption.org/v1, so `age --decrypt | gunzip` opens it too)
 * before it touches the disk. The manifest is among them; the label is not.
 */
export function sealedTarget(directory: string, recipients: readonly string[]): ExportTarget {
  const nameOf = sealedName;
  const ours = /^([a-z_]+(\.[0-9]+)?\.(csv|json)\.gz\.age(\.part)?|label\.json(\.part)?)$/;
  const progress = new ExportProgress({ directory, last: labelFile, ours, nameOf });
  let stored = { bytes: 0, sha256: '' };
  const write = async (file: string, bytes: Readable): Promise<void> => {
    const encrypter = new Encrypter();
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    const packed = bytes.on('error', (error) => zipped.destroy(error)).pipe(createGzip({ level: 4 }));
    const zipped = packed.pipe(new PassThrough());
    const sealed = await encrypter.encrypt(Readable.toWeb(zipped) as ReadableStream<Uint8Array>);
    const measured = new Measured();
    const path = join(directory, sealedName(file));
    const draft = createWriteStream(`${path}.part`, { mode: 0o600, flush: true });
    await pipeline(Readable.fromWeb(sealed as never), measured, draft);
    await rename(`${path}.part`, path);
    stored = { bytes: measured.bytes, sha256: measured.sha256 };
  };
  return {
    // For other recipients everything is sealed anew.
    begin: ({ columns, ...subject }) =>
      progress.begin({ ...subject, columns: `${columns} ${[...recipients].sort().join(' ')}` }),
    write,
    note: (done) => progress.note({ ...done, stored }),
    async finish(manifest) {
      await progress.keepOnly(manifest);
      await write(manifestFile, Readable.from([JSON.stringify(manifest)]));
      const { tenant, takenAt, schemaVersion } = manifest;
      const label: Label = {
        ...{ product: 'cofferdam', kind: 'backup', version: 1, tenant, takenAt, schemaVersion },
        recipients: [...recipients],
        files: [
          ...progress.done.map((done) => ({ file: sealedName(done.file), ...done.stored })),
          { file: sealedName(manifestFile), ...stored },
        ],
      };
      await writeWhole(join(directory, labelFile), label);
      await progress.end();
    },
  };
}

/** @param identity what the recipient's key begins with `AGE-SECRET-KEY-` */
export function sealedSource(directory: string, identity: string): ExportSource {
  const open = (file: string): Readable => {
    const out = new PassThrough();
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const sealed = Readable.toWeb(createReadStream(join(directory, sealedName(file)))) as ReadableStream<Uint8Array>;
    decrypter
      .decrypt(sealed)
      .then((plain) => pipeline(Readable.fromWeb(plain as never), createGunzip(), out))
      .catch((error: Error) =>
        out.destroy(new OperatorError(`${sealedName(file)} cannot be opened: ${error.message}`)),
      );
    return out;
  };
  return {
    open,
    async manifest(): Promise<Manifest> {
      const label = await readLabel(directory);
      const manifest = readManifest(await text(open(manifestFile)));
      // The label is outside of the seal: whoever could write to the folder could have edited it.
      if (manifest.tenant.id !== label.tenant.id || manifest.takenAt !== label.takenAt)
        throw new OperatorError(`${labelFile} does not belong to these files: it names another tenant or moment.`);
      return manifest;
    },
  };
}

/** @throws OperatorError when the folder holds no complete backup */
export async function readLabel(directory: string): Promise<Label> {
  const found = await readFile(join(directory, labelFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new OperatorError(`${directory} holds no complete backup: ${labelFile} is missing.`);
    throw error;
  });
  let value: unknown;
  try {
    value = JSON.parse(found);
  } catch {
    value = undefined;
  }
  if (!Value.Check(Label, value) || !value.files.some(({ file }) => file === sealedName(manifestFile)))
    throw new OperatorError(`${labelFile} is not the label of a backup.`);
  return value;
}

/** Compares every file with the label; needs no key. Answers the names of those that are missing or not as written. */
export async function damagedFiles(directory: string, { files }: Label): Promise<string[]> {
  const damaged: string[] = [];
  for (const { file, sha256 } of files) if ((await digestOf(join(directory, file))) !== sha256) damaged.push(file);
  return damaged;
}
