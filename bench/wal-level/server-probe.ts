import { type ConnectionSettings, withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import type { Books } from '../stage/books.js';

/** Looks at a PostgreSQL from beside it. */
export interface ServerProbe {
  readonly walLevel: string;
  readonly postmasterPid: number;
  /** Written since the cluster was made. */
  walBytes(): Promise<number>;
  /** Transactions of the ledger in these books so far. */
  posted(books: Books): Promise<number>;
  close(): Promise<void>;
}

export async function openServerProbe(admin: ConnectionSettings): Promise<ServerProbe> {
  const client = openClient(admin, { applicationName: 'bench' });
  await client.connect();
  const { rows } = await client.query<{ level: string; pid: number }>(
    `select current_setting('wal_level') as level, split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as pid`,
  );
  const [found] = rows;
  if (found === undefined) throw new Error('the server does not say what it is');
  return {
    walLevel: found.level,
    postmasterPid: found.pid,
    async walBytes() {
      const { rows: lsn } = await client.query<{ bytes: string }>(
        `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes`,
      );
      return Number(lsn[0]?.bytes);
    },
    async posted({ database, schema }) {
      const inBooks = openClient(withDatabase(admin, database), { applicationName: 'bench', searchPath: [schema] });
      await inBooks.connect();
      try {
        const { rows: counted } = await inBooks.query<{ posted: number }>(
          'select count(*)::int as posted from transaction',
        );
        return Number(counted[0]?.posted);
      } finally {
        await inBooks.end();
      }
    },
    close: () => client.end(),
  };
}
