import pino from 'pino';
import { v7 as newId } from 'uuid';
import { createListener, registerRoutes } from '../../../src/http/listener.js';
import { renderProblem } from '../../../src/http/problem.js';
import type { LedgerDeps } from '../../../src/ledger/ledger-deps.js';
import { createPoster } from '../../../src/ledger/posting/poster.js';
import { operationRoutes } from '../../../src/ledger/routes/operations/index.js';
import { transactionRoutes } from '../../../src/ledger/routes/transactions/index.js';
import { createUnavailableIndexer } from '../../../src/tenancy/metadata-indexes.js';
import { type Books, openBooks } from '../posting/books.js';

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect, and fail when it is not there
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'HEAD';

export interface TransactionApi {
  readonly books: Books;
  /** `/v1/organizations/…/ledgers/…` */
  readonly ledgerPath: string;
  /** `url` is below the ledger's path unless it begins with a slash. */
  call(method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  post(url: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** A body of another kind than JSON. */
  upload(url: string, body: Buffer, headers: Record<string, string>): Promise<Answered>;
  get(url: string): Promise<Answered>;
  patch(url: string, body: unknown): Promise<Answered>;
  close(): Promise<void>;
}

/** The routes of this folder on real books, with everybody let in. */
export async function openTransactionApi(options: Partial<LedgerDeps> = {}): Promise<TransactionApi> {
  const books = await openBooks();
  const logger = pino({ level: process.env['TEST_LOG'] ?? 'silent' });
  const now = options.now ?? (() => new Date());
  const deps: LedgerDeps = {
    now,
    newId,
    poster: createPoster({ now, newId, log: logger }),
    metadataIndexes: createUnavailableIndexer(),
    limits: { pageLimitMax: 100, monthRangeMax: 1 },
    production: false,
    implicitIdempotency: true,
    ...options,
  };
  const app = createListener({ name: 'ledger', logger, newRequestId: newId, renderError: renderProblem });
  registerRoutes(app, [...transactionRoutes(deps), ...operationRoutes(deps)], {
    admit: async () => ({ context: books.store.tenant, principal: undefined }),
  });
  await app.ready();
  const ledgerPath = `/v1/organizations/${books.organizationId}/ledgers/${books.ledgerId}`;
  const call: TransactionApi['call'] = (method, url, body, headers = {}) =>
    body === undefined
      ? send(method, url, headers)
      : send(
          method,
          url,
          { ...headers, 'content-type': 'application/json' },
          typeof body === 'string' ? body : JSON.stringify(body),
        );
  const send = async (method: Method, url: string, headers: Record<string, string>, payload?: string | Buffer) => {
    const response = await app.inject({
      method,
      url: url.startsWith('/') ? url : `${ledgerPath}/${url}`,
      headers,
      ...(payload === undefined ? {} : { payload }),
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
    books,
    ledgerPath,
    call,
    post: (url, body, headers) => call('POST', url, body, headers),
    upload: (url, body, headers) => send('POST', url, headers, body),
    get: (url) => call('GET', url),
    patch: (url, body) => call('PATCH', url, body),
    async close() {
      await app.close();
      await books.store.drop();
    },
  };
}

type LegInput = Record<string, unknown>;

/** A leg with an amount of USD. */
export const leg = (accountAlias: string, value: string | number, more: LegInput = {}): LegInput => ({
  accountAlias,
  amount: { asset: 'USD', value },
  ...more,
});

/** A body of `/json`. */
export function json(value: unknown, from: readonly LegInput[], to: readonly LegInput[], more: LegInput = {}) {
  return { send: { asset: 'USD', value, source: { from }, distribute: { to } }, ...more };
}

export const codes = ({ status, body }: Answered) => `${status}/${body?.code}`;
