import { ConfigError, readConfig } from '../config.js';
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

/** Shows how many tables are done, and which one is under way. */
export const sayTable =
  ({ say }: Pick<Progress, 'say'>) =>
  (name: string, nth: number, total: number, kept = false): void =>
    say(`${progressBar(nth - 1, total)} ${name}${kept ? ' (as it was written before)' : ''}`);
