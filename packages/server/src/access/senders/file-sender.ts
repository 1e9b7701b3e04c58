import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SendMail, SendText } from './send-mail.js';

/** For local use: each message becomes a file of its own that only its owner can read, in the order of their names. */
export function createFileSender(
  directory: string,
  newId: () => string,
): { readonly sendMail: SendMail; readonly sendText: SendText } {
  async function keep(kind: string, message: object): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, `${newId()}-${kind}.json`);
    await writeFile(path, `${JSON.stringify({ kind, ...message }, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  }
  return Object.freeze({
    sendMail: ({ to, subject, text }) => keep('email', { to, subject, text }),
    sendText: ({ to, text }) => keep('sms', { to, text }),
  });
}
