import pg from 'pg';
import type { ConnectionSettings } from '../../packages/server/src/postgres/connection-settings.js';

export interface ConnectionCount {
  /** Most client connections that PostgreSQL has shown at once, the bench's own left out. */
  readonly most: number;
  readonly samples: number;
  stop(): Promise<void>;
}

const everyMs = 100;

/** Looks at pg_stat_activity again and again: what the server says, not what the program believes. */
export async function countConnections(admin: ConnectionSettings): Promise<ConnectionCount> {
  const { host, port, user, password, database } = admin;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  let most = 0;
  let samples = 0;
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const { rows } = await client.query<{ n: string }>(
        `select count(*) as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      most = Math.max(most, Number(rows[0]?.n));
      samples += 1;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return {
    get most() {
      return most;
    },
    get samples() {
      return samples;
    },
    async stop() {
      stopped = true;
      await watching;
      await client.end();
    },
  };
}
