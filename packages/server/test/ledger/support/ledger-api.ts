import pino from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { createListener, registerRoutes } from '../../../src/http/listener.js';
import { renderProblem } from '../../../src/http/problem.js';
import { type LedgerDeps, ledgerRoutes } from '../../../src/ledger/ledger-app.js';
import { createPoster } from '../../../src/ledger/posting/poster.js';
import { withDatabase } from '../../../src/postgres/connection-settings.js';
import { openClient } from '../../../src/postgres/pool.js';
import { createMetadataIndexer } from '../../../src/tenancy/metadata-indexes.js';
import { adminSettings } from '../../support/admin.js';
import { createLedgerStore, type LedgerStore } from '../../support/cluster.js';
import { holdingToDocumentation } from './documented.js';

/** An answer whose body may be looked into freely. */
export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect, and fail when it is not there
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface LedgerApi {
  readonly store: LedgerStore;
  call(method: string, url: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  get(url: string): Promise<Answered>;
  post(url: string, body: unknown): Promise<Answered>;
  patch(url: string, body: unknown): Promise<Answered>;
  delete(url: string): Promise<Answered>;
  head(url: string): Promise<Answered>;
  close(): Promise<void>;
}

/** The ledger's routes on a store of their own, with everybody let in: what a single-tenant server is without the door. */
export async function createLedgerApi(options: Partial<LedgerDeps> = {}): Promise<LedgerApi> {
  const store = await createLedgerStore();
  const logger = pino({ level: process.env['TEST_LOG'] ?? 'silent' });
  const now = options.now ?? (() => new Date());
  const deps: LedgerDeps = {
    now,
    newId: uuidv7,
    poster: createPoster({ now, newId: uuidv7, log: logger }),
    metadataIndexes: createMetadataIndexer({ connect: () => connectOwner(store), log: logger }),
    limits: { pageLimitMax: 100, monthRangeMax: 1 },
    production: false,
    implicitIdempotency: true,
    ...options,
  };
  const app = createListener({ name: 'ledger', logger, newRequestId: uuidv7, renderError: renderProblem });
  registerRoutes(app, holdingToDocumentation(ledgerRoutes(deps)), {
    admit: async () => ({ context: store.tenant, principal: undefined }),
  });
  await app.ready();
  const call = async (
    method: string,
    url: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered> => {
    const response = await app.inject({
      method: method as 'GET',
      url,
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    });
    const text = response.body;
    return {
      status: response.statusCode,
      body: text === '' ? undefined : JSON.parse(text),
      headers: response.headers,
      text,
    };
  };
  return {
    store,
    call,
    get: (url) => call('GET', url),
    post: (url, body) => call('POST', url, body),
    patch: (url, body) => call('PATCH', url, body),
    delete: (url) => call('DELETE', url),
    head: (url) => call('HEAD', url),
    async close() {
      await app.close();
      await store.drop();
    },
  };
}

/** What a tenant's migrator can do: become the owner of the tables. */
async function connectOwner({ adminPool, settings }: LedgerStore) {
  const { rows } = await adminPool.query(`select tableowner from pg_tables where schemaname = 'ledger' limit 1`);
  const at = withDatabase(adminSettings(), settings.database);
  const client = openClient(at, { applicationName: 'ledger-test-owner', searchPath: ['ledger'] });
  await client.connect();
  return { client, schema: 'ledger', ownerRole: rows[0].tableowner as string };
}

/** Creates what a test needs to stand on and answers the paths. Throws when anything is refused. */
export async function createBooks(api: LedgerApi, { assets = ['USD'] }: { readonly assets?: readonly string[] } = {}) {
  const organization = await must(
    api.post('/v1/organizations', { legalName: 'Acme', legalDocument: '123' }),
    'the organization',
  );
  const organizationPath = `/v1/organizations/${organization.id}`;
  const ledger = await must(api.post(`${organizationPath}/ledgers`, { name: 'Main' }), 'the ledger');
  const ledgerPath = `${organizationPath}/ledgers/${ledger.id}`;
  for (const code of assets) {
    await must(api.post(`${ledgerPath}/assets`, { name: `Asset ${code}`, type: 'currency', code }), `asset ${code}`);
  }
  return { organization, organizationPath, ledger, ledgerPath };
}

/** The body of an answer that has to be a success. */
export async function must(answer: Promise<Answered>, what = 'the request') {
  const { status, body, text } = await answer;
  if (status >= 300) throw new Error(`${what} was refused: ${status} ${text}`);
  return body;
}

/** A refusal in short: what most assertions look at. */
export const refusal = ({ status, body }: Answered) => ({ status, code: body?.code });
