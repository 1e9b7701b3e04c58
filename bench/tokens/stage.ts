import { join } from 'node:path';
import { type Books, buildBooks } from '../stage/books.js';
import { call } from '../stage/call.js';
import { onCluster } from '../stage/cluster.js';
import type { ServerProcess } from '../stage/server-process.js';

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
export function openTokenStage(accounts: number, say: (text: string) => void): Promise<TokenStage> {
  return onCluster({ name: 'tokens', say }, async ({ folder, postgres, apiKey, serve }) => {
    const profile = process.env['BENCH_CPU_PROF'];
    const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const start = (name: string, environment: Readonly<Record<string, string>>) => {
      say(name);
      const own = { COFFERDAM_DATA_DIR: join(folder, name) };
      return serve({ ...own, ...environment }, ['--max-semi-space-size=64', ...profiling]);
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
    return { postgresPid: postgres.pid, server, clientId, clientSecret, books, plain, plainBooks };
  });
}
