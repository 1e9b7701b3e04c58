import { pino } from 'pino';
import { Registry } from 'prom-client';
import { v7 as newId } from 'uuid';
import { type OpenBooks, openBooks } from '../../src/cli/parts/books.js';
import { Closers, type Ground } from '../../src/cli/parts/part.js';
import { readConfig, readParts } from '../../src/config.js';
import { parseDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { adminUrl } from './admin.js';
import type { TestServer } from './server.js';

/** What commands of the program work with, on the installation of a server under test. */
export function groundOf({ environment, names }: Pick<TestServer, 'environment' | 'names'>): Ground {
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
    admin: parseDatabaseUrl(adminUrl()),
    externalIssuers: [],
  };
}

/** The books of a tenant as `cofferdam books` and `cofferdam backup` open them. */
export async function openBooksOf<T>(
  server: Pick<TestServer, 'environment' | 'names'>,
  tenantId: string,
  work: (books: OpenBooks) => Promise<T>,
): Promise<T> {
  const closers = new Closers();
  try {
    return await work(await openBooks(groundOf(server), closers, tenantId));
  } finally {
    await closers.close();
  }
}
