import { pino } from 'pino';
import { Registry } from 'prom-client';
import { v7 as newId } from 'uuid';
import { type BooksUse, type OpenBooks, openBooks } from '../../src/cli/parts/books.js';
import { Closers, type Ground } from '../../src/cli/parts/part.js';
import { readConfig, readParts } from '../../src/config.js';
import { parseDatabaseUrl } from '../../src/postgres/connection-settings.js';
import type { InstallationNames } from '../../src/postgres/installation.js';

export interface InstallationAtHand {
  readonly environment: Readonly<Record<string, string>>;
  readonly names: InstallationNames;
}

/** What commands of the program work with, on the installation of a server under test. */
export function groundOf({ environment, names }: InstallationAtHand): Ground {
  return {
    config: readConfig({ ...environment, LOG_LEVEL: 'silent' }, readParts(undefined)),
    secrets: {
      encryptionKey: Buffer.from(String(environment['COFFERDAM_ENCRYPTION_KEY']), 'base64'),
      tenantManagerApiKey: '',
    },
    names,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    now: () => new Date(),
    newId,
    admin: parseDatabaseUrl(String(environment['DATABASE_URL'])),
    externalIssuers: [],
  };
}

/** The books of a tenant as `cofferdam books` and `cofferdam backup` open them. */
export async function openBooksOf<T>(
  installation: InstallationAtHand,
  tenantId: string,
  work: (books: OpenBooks) => Promise<T>,
  use: BooksUse = 'read',
): Promise<T> {
  const closers = new Closers();
  try {
    return await work(await openBooks(groundOf(installation), closers, tenantId, use));
  } finally {
    await closers.close();
  }
}
