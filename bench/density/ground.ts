import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConnectionSettings, toDatabaseUrl } from '../../packages/server/src/postgres/connection-settings.js';
import { startEmbedded } from '../../packages/server/src/postgres/embedded/start-embedded.js';
import { type ServerProcess, startServerProcess } from '../stage/server-process.js';

/** One PostgreSQL with fsync on and one server, as an operator runs them; the server can be started anew. */
export interface Ground {
  readonly admin: ConnectionSettings;
  readonly postgresPid: number;
  readonly apiKey: string;
  readonly server: ServerProcess;
  /** Stops the server and starts it again: nothing is known of any tenant then. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export async function openGround(
  environment: Readonly<Record<string, string>>,
  say: (text: string) => void,
): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'cofferdam-bench-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    say('PostgreSQL (embedded, fsync on)');
    const postgres = await startEmbedded({
      directory: join(folder, 'postgres'),
      log: { warn: (details: object, message: string) => console.error(message, details) },
      ourFolders: [folder],
      // Room for the bench's own connection beside the 300 that are allowed.
      settings: { max_connections: '320' },
    });
    closers.push(() => postgres.stop());
    const apiKey = randomBytes(16).toString('hex');
    const start = (more: Readonly<Record<string, string>> = {}) =>
      startServerProcess(
        [
          '--max-semi-space-size=64',
          '--expose-gc',
          '--import',
          file('./memory-probe.mjs'),
          file('../../packages/server/bin/cofferdam.js'),
          'serve',
        ],
        {
          DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
          COFFERDAM_ENCRYPTION_KEY: encryptionKey,
          COFFERDAM_DATA_DIR: join(folder, 'server'),
          TENANT_MANAGER_API_KEY: apiKey,
          ACCESS_ISSUER: 'https://access.bench.example',
          MULTI_TENANT_ENABLED: 'true',
          LOG_LEVEL: 'info',
          ...environment,
          ...more,
        },
      );
    const encryptionKey = randomBytes(32).toString('base64');
    say('server');
    let server = await start();
    closers.push(() => server.stop());
    return {
      admin: postgres.adminSettings,
      postgresPid: postgres.pid,
      apiKey,
      get server() {
        return server;
      },
      async restart(more) {
        await server.stop();
        server = await start(more);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
