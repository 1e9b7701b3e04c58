import { ConfigError, readConfig } from '../config.js';
import type { FileProgress } from '../ledger/exit/export-files.js';
import { createLog } from './log.js';
import { type BooksUse, type OpenBooks, openBooks } from './parts/books.js';
import { createProgress, type Progress } from './progress.js';
import { progressBar } from './progress-bar.js';
import { withGround } from './with-ground.js';

export interface BooksAtHand extends OpenBooks {
  readonly progress: Progress;
  readonly now: () => Date;
  /** For exports that go on where one was broken off. */
  readonly resumeKey: Buffer;
}

/**
 * For commands that work on the books of one tenant and end.
 * @throws ConfigError when a tenant is missing, or named where there is only one set of books
 */
export async function withBooks<T>(
  tenant: string | undefined,
  what: string,
  use: BooksUse,
  work: (books: BooksAtHand) => Promise<T>,
): Promise<T> {
  const config = readConfig(process.env);
  if (config.multiTenant && tenant === undefined)
    throw new ConfigError('--tenant is missing: whose books? See `cofferdam tenants list`.');
  if (!config.multiTenant && tenant !== undefined)
    throw new ConfigError('--tenant is given, but MULTI_TENANT_ENABLED is not true: there is one set of books.');
  const progress = createProgress();
  return withGround(config, createLog('warn'), (ground, closers) =>
    progress.step(what, async () => {
      const books = await openBooks(ground, closers, tenant, use);
      return work({ ...books, progress, now: ground.now, resumeKey: ground.secrets.encryptionKey });
    }),
  );
}

const doings: Readonly<Record<FileProgress['doing'], string>> = {
  writing: 'writing',
  keeping: 'as it was written before',
  comparing: 'comparing',
  reading: 'reading',
  verifying: 'comparing what was read',
};

/** Shows how many tables are done, and which file of which one is under way. */
export const sayFile =
  ({ say }: Pick<Progress, 'say'>) =>
  ({ table, nth, tables, file, files, doing }: FileProgress): void =>
    say(`${progressBar(nth - 1, tables)} ${table}${files > 1 ? `, file ${file} of ${files}` : ''}: ${doings[doing]}`);
