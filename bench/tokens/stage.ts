import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toDatabaseUrl } from '../../packages/server/src/postgres/connection-settings.js';
import { startEmbedded } from '../../packages/server/src/postgres/embedded/start-embedded.js';
import { type Books, buildBooks } from '../stage/books.js';
import { call } from '../stage/call.js';
import { type ServerProcess, startServerProcess } from '../stage/server-process.js';

export const ownerPassword = 'Bench-owner-7-password';

export interface TokenStage {
  readonly postgresPid: number;
  /** Multi-tenant, tokens checked. */
  readonly server: ServerProcess;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly books: Books;
  /** Single-tenant, no tokens. */
  readonly plain: ServerProcess;
  readonly plainBooks: Books;
  close(): Promise<void>;
}

/** Two servers on one embedded PostgreSQL with fsync on: one with tokens, one without. */
export async function openTokenStage(accounts: number, say: (text: string) => void): Promise<TokenStage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'cofferdam-tokens-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    say('PostgreSQL (embedded, fsync on)');
    const log = { warn: (details: object, message: string) => console.error(message, details) };
    const postgres = await startEmbedded({ directory: join(folder, 'postgres'), log, ourFolders: [folder] });
    closers.push(() => postgres.stop());
    const apiKey = randomBytes(16).toString('hex');
    const common = {
      DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
      COFFERDAM_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      TENANT_MANAGER_API_KEY: apiKey,
      ACCESS_ISSUER: 'https://access.bench.example',
    };
    const start = async (name: string, environment: Readonly<Record<string, string>>) => {
      say(name);
      const program = fileURLToPath(new URL('../../packages/server/bin/cofferdam.js', import.meta.url));
      const profile = process.env['BENCH_CPU_PROF'];
      const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
      const server = await startServerProcess(['--max-semi-space-size=64', ...profiling, program, 'serve'], {
        ...common,
        COFFERDAM_DATA_DIR: join(folder, name),
        ...environment,
      });
      closers.push(() => server.stop());
      return server;
    };
    const server = await start('server', { MULTI_TENANT_ENABLED: 'true' });
    const plain = await start('plain', {});
    say('books');
    const tenant = await call('POST', `${server.urls.tenants}/v1/tenants`, {
      apiKey,
      body: {
        name: 'main',
        isolation: 'database',
        owner: { email: 'owner@example.com', password: ownerPassword },
        application: { name: 'bench', role: 'editor' },
      },
    });
    const { clientId, clientSecret } = tenant.application;
    const login = { grantType: 'client_credentials', clientId, clientSecret };
    const { accessToken } = await call('POST', `${server.urls.access}/v1/login/oauth/access_token`, { body: login });
    const own = `t_${tenant.id.replaceAll('-', '')}`;
    const place = { token: accessToken, database: own, schema: 'ledger' };
    const books = await buildBooks(server.urls.ledger, place, accounts);
    const plainPlace = { token: undefined, database: 'cofferdam_ledger', schema: 'ledger' };
    const plainBooks = await buildBooks(plain.urls.ledger, plainPlace, accounts);
    return Object.freeze({
      postgresPid: postgres.pid,
      server,
      clientId,
      clientSecret,
      books,
      plain,
      plainBooks,
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}
