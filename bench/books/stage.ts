import { auditBooks } from '../../packages/server/src/ledger/audit/audit-books.js';
import { type ConnectionSettings, withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import type { MigratorConnection } from '../../packages/server/src/postgres/migrator-connection.js';
import { openClient, openTenantPool } from '../../packages/server/src/postgres/pool.js';
import { fillBooks } from '../pages/fill.js';
import { buildBooks } from '../stage/books.js';
import { onCluster } from '../stage/cluster.js';

export interface BookStage {
  /** For exports. */
  readonly folder: string;
  withBooks<T>(database: string, work: (store: MigratorConnection) => Promise<T>): Promise<T>;
  /** A fresh database of the same tables and rights, dropped afterwards. */
  withEmptyBooks(work: (store: MigratorConnection, audit: () => Promise<void>) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** An embedded PostgreSQL, fsync on, with full books in `cofferdam_ledger` and an empty copy to make more from. */
export function openBookStage(operations: number, say: (text: string) => void): Promise<BookStage> {
  return onCluster({ name: 'books', say }, async ({ folder, postgres, serve }) => {
    const asAdmin = async <T>(
      database: string,
      work: (client: MigratorConnection['client']) => Promise<T>,
    ): Promise<T> => {
      const settings = withDatabase(postgres.adminSettings, database);
      const client = openClient(settings, { applicationName: 'bench', searchPath: ['ledger'] });
      await client.connect();
      return work(client).finally(() => client.end());
    };
    await (await serve()).stop();
    await asAdmin('postgres', (client) => client.query('create database empty template cofferdam_ledger'));
    const server = await serve();
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
      async withEmptyBooks(work: (store: MigratorConnection, audit: () => Promise<void>) => Promise<void>) {
        await asAdmin('postgres', (client) => client.query('create database target template empty'));
        await withBooks('target', (store) => work(store, () => audit(withDatabase(postgres.adminSettings, 'target'))));
        await asAdmin('postgres', (client) => client.query('drop database target'));
      },
    };
  });
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
