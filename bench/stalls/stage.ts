import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConnectionSettings, toDatabaseUrl } from '../../packages/server/src/postgres/connection-settings.js';
import { startEmbedded } from '../../packages/server/src/postgres/embedded/start-embedded.js';
import { type Books, buildBooks } from '../stage/books.js';
import { type ServerProcess, startServerProcess } from '../stage/server-process.js';
import { createTenant } from '../stage/tenants.js';

export interface StallStage {
  readonly admin: ConnectionSettings;
  readonly server: ServerProcess;
  readonly books: Books;
  /** What the probe in the server wrote down. */
  readonly probeFile: string;
  /** PostgreSQL's log, with its slow statements. */
  readonly logFile: string;
  close(): Promise<void>;
}

export interface StallOptions {
  readonly accounts: number;
  /** Over those of the embedded server. */
  readonly settings: Readonly<Record<string, string>>;
  /** Given to the measured server's Node. */
  readonly nodeOptions: readonly string[];
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** One server on one embedded PostgreSQL with fsync on; both say when they stood still. */
export async function openStallStage(options: StallOptions, say: (text: string) => void): Promise<StallStage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'cofferdam-stalls-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    say('PostgreSQL (embedded, fsync on)');
    const log = { warn: (details: object, message: string) => console.error(message, details) };
    const directory = join(folder, 'postgres');
    const settings = {
      log_line_prefix: '%n %p ',
      log_min_duration_statement: '10',
      log_parameter_max_length: '0',
      track_wal_io_timing: 'on',
      ...options.settings,
    };
    const postgres = await startEmbedded({ directory, log, ourFolders: [folder], settings });
    closers.push(() => postgres.stop());
    const apiKey = randomBytes(16).toString('hex');
    const probeFile = join(folder, 'probe.jsonl');
    say('server');
    const args = [
      ...options.nodeOptions,
      '--import',
      file('./probe.mjs'),
      file('../../packages/server/bin/cofferdam.js'),
      'serve',
    ];
    const server = await startServerProcess(args, {
      DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
      COFFERDAM_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      TENANT_MANAGER_API_KEY: apiKey,
      ACCESS_ISSUER: 'https://access.bench.example',
      COFFERDAM_DATA_DIR: join(folder, 'server'),
      MULTI_TENANT_ENABLED: 'true',
      BENCH_PROBE_FILE: probeFile,
    });
    closers.push(() => server.stop());
    say('books');
    const place = await createTenant(server, apiKey, 'main', 'database');
    const books = await buildBooks(server.urls.ledger, place, options.accounts);
    const logFile = join(directory, 'postgres.log');
    return Object.freeze({ admin: postgres.adminSettings, server, books, probeFile, logFile, close });
  } catch (error) {
    await close();
    throw error;
  }
}
