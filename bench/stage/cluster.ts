import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toDatabaseUrl } from '../../packages/server/src/postgres/connection-settings.js';
import { type EmbeddedServer, startEmbedded } from '../../packages/server/src/postgres/embedded/start-embedded.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

/** An embedded PostgreSQL with fsync on, in a folder of its own, and what every server on it is given. */
export interface Cluster {
  readonly folder: string;
  readonly postgres: EmbeddedServer;
  readonly apiKey: string;
  readonly encryptionKey: Buffer;
  /** For another process of the program. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts the program, `node` being Node's own arguments; it is stopped at the end. */
  serve(environment?: Readonly<Record<string, string>>, node?: readonly string[]): Promise<ServerProcess>;
  /** What is added last is done first. */
  atEnd(closer: () => Promise<unknown>): void;
}

export interface ClusterOptions {
  /** Of the bench: part of the folder's name. */
  readonly name: string;
  readonly say: (text: string) => void;
  /** Of PostgreSQL, over those of the embedded server. */
  readonly settings?: Readonly<Record<string, string>>;
}

export const program = fileURLToPath(new URL('../../packages/server/bin/cofferdam.js', import.meta.url));

/** What `build` makes on a fresh cluster, and `close`, which ends it all; when `build` fails, all is ended too. */
export async function onCluster<T extends object>(
  { name, say, settings = {} }: ClusterOptions,
  build: (cluster: Cluster) => Promise<T>,
): Promise<T & { close(): Promise<void> }> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), `cofferdam-${name}-`));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    say('PostgreSQL (embedded, fsync on)');
    const log = { warn: (details: object, message: string) => console.error(message, details) };
    const postgres = await startEmbedded({ directory: join(folder, 'postgres'), log, ourFolders: [folder], settings });
    closers.push(() => postgres.stop());
    const apiKey = randomBytes(16).toString('hex');
    const encryptionKey = randomBytes(32);
    const environment = {
      DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
      COFFERDAM_ENCRYPTION_KEY: encryptionKey.toString('base64'),
      COFFERDAM_DATA_DIR: join(folder, 'server'),
      TENANT_MANAGER_API_KEY: apiKey,
      ACCESS_ISSUER: 'https://access.bench.example',
    };
    const built = await build({
      ...{ folder, postgres, apiKey, encryptionKey, environment },
      async serve(more = {}, node = []) {
        const server = await startServerProcess([...node, program, 'serve'], { ...environment, ...more });
        closers.push(() => server.stop());
        return server;
      },
      atEnd: (closer) => void closers.push(closer),
    });
    return Object.assign(built, { close });
  } catch (error) {
    await close();
    throw error;
  }
}
