import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConnectionSettings } from '../../packages/server/src/postgres/connection-settings.js';
import { toDatabaseUrl } from '../../packages/server/src/postgres/connection-settings.js';
import { type EmbeddedServer, startEmbedded } from '../../packages/server/src/postgres/embedded/start-embedded.js';
import { type Books, buildBooks } from './books.js';
import { inParallel } from './call.js';
import { type ServerProcess, startServerProcess } from './server-process.js';
import { createTenant } from './tenants.js';

/** Everything that the scenarios play on: one PostgreSQL, three servers, and books on each. */
export interface Stage {
  readonly admin: ConnectionSettings;
  readonly postgresPid: number;
  /** Multi-tenant, tokens checked: what is measured unless a scenario says otherwise. */
  readonly ours: ServerProcess;
  /** The same with a transaction of the database for each transaction. */
  readonly baseline: ServerProcess;
  /** Single-tenant, no tokens. */
  readonly plain: ServerProcess;
  readonly books: Books;
  readonly baselineBooks: Books;
  readonly plainBooks: Books;
  /** One ledger in each of a hundred tenants (fewer with `tenants`). */
  readonly manyBooks: readonly Books[];
  close(): Promise<void>;
}

export interface StageOptions {
  readonly accounts: number;
  readonly tenants: number;
  readonly accountsEach: number;
  /** Of the many tenants; the others have databases of their own. */
  readonly manyIsolation: 'database' | 'schema';
  readonly say: (text: string) => void;
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const baselineConnectionsMax = 32;

export async function openStage(options: StageOptions): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await setUp(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function setUp(options: StageOptions, closers: (() => Promise<unknown>)[], close: () => Promise<void>) {
  const { say, accounts } = options;
  const folder = await mkdtemp(join(tmpdir(), 'cofferdam-bench-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  say('PostgreSQL (embedded, fsync on)');
  const postgres = await openPostgres(folder);
  closers.push(() => postgres.stop());

  const apiKey = randomBytes(16).toString('hex');
  const common = {
    DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
    COFFERDAM_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    TENANT_MANAGER_API_KEY: apiKey,
    ACCESS_ISSUER: 'https://access.bench.example',
  };
  const start = async (name: string, args: readonly string[], environment: Readonly<Record<string, string>>) => {
    say(name);
    const server = await startServerProcess(args, {
      ...common,
      COFFERDAM_DATA_DIR: join(folder, name),
      ...environment,
    });
    closers.push(() => server.stop());
    return server;
  };
  const program = [...nodeOptions, ...profiling(), file('../../packages/server/bin/cofferdam.js'), 'serve'];
  const ours = await start('server', program, { MULTI_TENANT_ENABLED: 'true' });
  const baseline = await start(
    'baseline',
    [...nodeOptions, '--import', 'tsx', '--conditions=source', file('../baseline/server.ts')],
    {
      MULTI_TENANT_ENABLED: 'true',
      MULTI_TENANT_MAX_OPEN_CONNS_PER_TENANT: String(baselineConnectionsMax),
    },
  );
  const plain = await start('plain', [...nodeOptions, file('../../packages/server/bin/cofferdam.js'), 'serve'], {});

  const tenant = (name: string, isolation: 'database' | 'schema' = 'database') =>
    createTenant(ours, apiKey, name, isolation);
  say('books');
  const books = await buildBooks(ours.urls.ledger, await tenant('main'), accounts);
  const baselineBooks = await buildBooks(ours.urls.ledger, await tenant('baseline'), accounts);
  const plainPlace = { token: undefined, database: 'cofferdam_ledger', schema: 'ledger' };
  const plainBooks = await buildBooks(plain.urls.ledger, plainPlace, accounts);
  let made = 0;
  const numbers = Array.from({ length: options.tenants }, (_, i) => i);
  const manyBooks = await inParallel(numbers, 4, async (i) => {
    const place = await tenant(`tenant ${i}`, options.manyIsolation);
    const built = await buildBooks(ours.urls.ledger, place, options.accountsEach);
    made += 1;
    say(`tenants ${made} of ${options.tenants}`);
    return built;
  });
  return Object.freeze({
    admin: postgres.adminSettings,
    postgresPid: postgres.pid,
    ours,
    baseline,
    plain,
    books,
    baselineBooks,
    plainBooks,
    manyBooks,
    close,
  });
}

function openPostgres(folder: string): Promise<EmbeddedServer> {
  const log = { warn: (details: object, message: string) => console.error(message, details) };
  const settings = {
    // `BENCH_STATEMENTS=1` prints at the end where the database spent its time.
    ...(process.env['BENCH_STATEMENTS'] === undefined
      ? {}
      : { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' }),
  };
  return startEmbedded({ directory: join(folder, 'postgres'), log, ourFolders: [folder], settings });
}

/** As `npm start` runs it; `BENCH_CPU_PROF=folder` leaves a CPU profile of the measured server there. */
const nodeOptions = ['--max-semi-space-size=64'];

function profiling(): string[] {
  const folder = process.env['BENCH_CPU_PROF'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
