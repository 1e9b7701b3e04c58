import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditBooks } from '../../packages/server/src/ledger/audit/audit-books.js';
import {
  type ConnectionSettings,
  toDatabaseUrl,
  withDatabase,
} from '../../packages/server/src/postgres/connection-settings.js';
import { startEmbedded } from '../../packages/server/src/postgres/embedded/start-embedded.js';
import type { MigratorConnection } from '../../packages/server/src/postgres/migrator-connection.js';
import { openClient, openTenantPool } from '../../packages/server/src/postgres/pool.js';
import { fillBooks } from '../pages/fill.js';
import { buildBooks } from '../stage/books.js';
import { startServerProcess } from '../stage/server-process.js';

export interface BookStage {
  /** For exports. */
  readonly folder: string;
  withBooks<T>(database: string, work: (store: MigratorConnection) => Promise<T>): Promise<T>;
  /** A fresh database of the same tables and rights, dropped afterwards. */
  withEmptyBooks(work: (store: MigratorConnection, audit: () => Promise<void>) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** An embedded PostgreSQL, fsync on, with full books in `cofferdam_ledger` and an empty copy to make more from. */
export async function openBookStage(operations: number, say: (text: string) => void): Promise<BookStage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'cofferdam-books-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    say('PostgreSQL (embedded)');
    const log = { warn: (details: object, message: string) => console.error(message, details) };
    const postgres = await startEmbedded({ directory: join(folder, 'postgres'), log, ourFolders: [folder] });
    closers.push(() => postgres.stop());
    const asAdmin = async <T>(
      database: string,
      work: (client: MigratorConnection['client']) => Promise<T>,
    ): Promise<T> => {
      const settings = withDatabase(postgres.adminSettings, database);
      const client = openClient(settings, { applicationName: 'bench', searchPath: ['ledger'] });
      await client.connect();
      return work(client).finally(() => client.end());
    };
    const program = fileURLToPath(new URL('../../packages/server/bin/cofferdam.js', import.meta.url));
    const environment = {
      DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
      COFFERDAM_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      COFFERDAM_DATA_DIR: join(folder, 'server'),
    };
    await (await startServerProcess([program, 'serve'], environment)).stop();
    await asAdmin('postgres', (client) => client.query('create database empty template cofferdam_ledger'));
    const server = await startServerProcess([program, 'serve'], environment);
    const place = { token: undefined, database: 'cofferdam_ledger', schema: 'ledger' };
    const { organizationId, ledgerId } = await buildBooks(server.urls.ledger, place, 1).finally(() => server.stop());
    await asAdmin('cofferdam_ledger', (client) =>
      fillBooks(client, { organizationId, ledgerId, transactions: operations / 2, accounts: 1_000, days: 30, say }),
    );
    const withBooks: BookStage['withBooks'] = (database, work) =>
      asAdmin(database, (client) => work({ client, schema: 'ledger', ownerRole: 'cofferdam_ledger_owner' }));
    return {
      folder,
      withBooks,
      async withEmptyBooks(work) {
        await asAdmin('postgres', (client) => client.query('create database target template empty'));
        await withBooks('target', (store) => work(store, () => audit(withDatabase(postgres.adminSettings, 'target'))));
        await asAdmin('postgres', (client) => client.query('drop database target'));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What `cofferdam books import` ends with. */
async function audit(database: ConnectionSettings): Promise<void> {
  const pool = openTenantPool(database, { max: 1, applicationName: 'bench', searchPath: ['ledger'] });
  try {
    const findings = await auditBooks({ tenantId: undefined, slug: undefined, configVersion: 1, pool });
    if (findings.length > 0) throw new Error(`the audit finds: ${findings.map(({ rule }) => rule).join(', ')}`);
  } finally {
    await pool.drain(1_000);
  }
}
