import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

/** Replaces a file as a whole, mode 0600 whatever the old one had: readers see the old text or the new one. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}
