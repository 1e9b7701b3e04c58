import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type ConnectionSettings, toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { startEmbedded } from '../../src/postgres/embedded/start-embedded.js';
import { temporaryPrefix } from './remove-abandoned.js';

export interface SecondCluster {
  /** Its superuser. */
  readonly admin: ConnectionSettings;
  /** Folder of the cluster's files. */
  readonly folder: string;
  query(text: string, values?: unknown[], database?: string): Promise<pg.QueryResult>;
  /** Ends it as a crash or a network would; `stop` may be called all the same. */
  stop(): Promise<void>;
}

/** Another PostgreSQL beside the run's own: embedded, without flushing. */
export async function startSecondCluster(settings: Readonly<Record<string, string>> = {}): Promise<SecondCluster> {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  const server = await startEmbedded({
    directory: join(folder, 'postgres'),
    log: { warn() {} },
    ourFolders: [folder],
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', ...settings },
  });
  return {
    admin: server.adminSettings,
    folder: join(folder, 'postgres'),
    async query(text, values, database = 'postgres') {
      const client = new pg.Client(toDatabaseUrl({ ...server.adminSettings, database }));
      await client.connect();
      try {
        return await client.query(text, values);
      } finally {
        await client.end();
      }
    },
    async stop() {
      await server.stop({ fastMs: 1_000, immediateMs: 3_000 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
