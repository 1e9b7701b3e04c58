import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toDatabaseUrl, withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { startEmbedded } from '../../packages/server/src/postgres/embedded/start-embedded.js';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import { buildBooks } from '../stage/books.js';
import { startServerProcess } from '../stage/server-process.js';
import { type Filled, fillBooks } from './fill.js';

export interface PageStage extends Filled {
  readonly url: string;
  /** `/v1/organizations/…/ledgers/…` */
  readonly path: string;
  close(): Promise<void>;
}

/** One single-tenant server on an embedded PostgreSQL whose books are full. */
export async function openPageStage(
  operations: number,
  accounts: number,
  days: number,
  say: (text: string) => void,
): Promise<PageStage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'cofferdam-pages-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    say('PostgreSQL (embedded)');
    const log = { warn: (details: object, message: string) => console.error(message, details) };
    const postgres = await startEmbedded({ directory: join(folder, 'postgres'), log, ourFolders: [folder] });
    closers.push(() => postgres.stop());
    say('server');
    const program = fileURLToPath(new URL('../../packages/server/bin/cofferdam.js', import.meta.url));
    const server = await startServerProcess([program, 'serve'], {
      DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
      COFFERDAM_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      COFFERDAM_DATA_DIR: join(folder, 'server'),
      MAX_PAGINATION_MONTH_DATE_RANGE: '6',
    });
    closers.push(() => server.stop());
    const place = { token: undefined, database: 'cofferdam_ledger', schema: 'ledger' };
    const books = await buildBooks(server.urls.ledger, place, 1);
    const settings = withDatabase(postgres.adminSettings, place.database);
    const client = openClient(settings, { applicationName: 'fill', searchPath: [place.schema] });
    await client.connect();
    const filled = await fillBooks(client, {
      organizationId: books.organizationId,
      ledgerId: books.ledgerId,
      transactions: operations / 2,
      accounts,
      days,
      say,
    }).finally(() => client.end());
    return { ...filled, url: server.urls.ledger, path: books.path, close };
  } catch (error) {
    await close();
    throw error;
  }
}
