import pino from 'pino';
import { v7 as newId } from 'uuid';
import type { RouteDefinition } from '../../../src/http/route.js';
import { ledgerRoutes } from '../../../src/ledger/ledger-app.js';
import { createPoster } from '../../../src/ledger/posting/poster.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';
import { createUnavailableIndexer } from '../../../src/tenancy/metadata-indexes.js';

export type LedgerRoute = RouteDefinition<TenantContext>;

/** Every business route of the ledger, from the function that the program itself registers them with. */
export function routeTable(): readonly LedgerRoute[] {
  const now = () => new Date();
  return ledgerRoutes({
    now,
    newId,
    poster: createPoster({ now, newId, log: pino({ level: 'silent' }) }),
    metadataIndexes: createUnavailableIndexer(),
    limits: { pageLimitMax: 100, monthRangeMax: 1 },
    production: false,
    implicitIdempotency: true,
  });
}

export const nameOf = ({ method, url }: Pick<LedgerRoute, 'method' | 'url'>): string => `${method} ${url}`;

export const isWriting = ({ method }: LedgerRoute): boolean => method !== 'GET' && method !== 'HEAD';

/** Which object a path parameter names, told by the path segment before it. A new kind of route must be added here. */
const kinds = {
  organizations: 'organization',
  ledgers: 'ledger',
  assets: 'asset',
  portfolios: 'portfolio',
  segments: 'segment',
  accounts: 'account',
  'account-types': 'accountType',
  'operation-routes': 'operationRoute',
  'transaction-routes': 'transactionRoute',
  balances: 'balance',
  transactions: 'transaction',
  operations: 'operation',
  alias: 'alias',
  external: 'assetCode',
  'asset-rates': 'assetRate',
  from: 'assetCode',
  holders: 'holder',
  instruments: 'instrument',
  'related-parties': 'relatedParty',
} as const;

/** Parameters that name no object of a tenant: the same word for everybody. */
const words: Readonly<Record<string, string>> = { ':entity_name': 'account', ':index_key': 'nobodys' };

export type Kind = (typeof kinds)[keyof typeof kinds];
export type Ids = Readonly<Record<Kind, string>>;

/** The kinds that a route's path names, in order. Throws for a route that the isolation tests do not know how to fill. */
export function kindsOf({ method, url }: Pick<LedgerRoute, 'method' | 'url'>): Kind[] {
  const segments = url.split('/');
  return segments.flatMap((segment, at) => {
    if (!segment.startsWith(':') || segment in words) return [];
    // The older clients' rates hang under the code of an asset, not under its id.
    const kind = segment === ':asset_code' ? 'assetCode' : kinds[segments[at - 1] as keyof typeof kinds];
    if (kind === undefined)
      throw new Error(
        `${method} ${url}: no isolation test covers ${segment}; add its kind to test/isolation/support/route-table.ts and an object of it to books.ts`,
      );
    return [kind];
  });
}

export function pathOf(route: Pick<LedgerRoute, 'method' | 'url'>, ids: Ids): string {
  const inOrder = kindsOf(route).values();
  return route.url.replace(
    /:\w+/g,
    (parameter) => words[parameter] ?? encodeURIComponent(ids[inOrder.next().value as Kind]),
  );
}

/** The query without which a route answers nothing but a complaint about it. */
export function neededQuery({ url }: LedgerRoute, ids: Ids): string {
  if (url.endsWith('/history')) return `?date=${encodeURIComponent(new Date(Date.now() - 1).toISOString())}`;
  return url.endsWith('/holders/:id/accounts') ? `?ledger_id=${ids.ledger}` : '';
}

/** A rate is put for any two codes, known or not: a code is a word there, not an object of a tenant. */
export const takesAnyCode = ({ method, url }: LedgerRoute): boolean => method === 'PUT' && url.endsWith('/rates');

/** Ids of nothing at all, made as the program makes them. */
export function missingIds(): Ids {
  const entries = Object.values(kinds).map((kind) => [kind, newId()]);
  return {
    ...Object.fromEntries(entries),
    alias: `@nobody-${newId()}`,
    assetCode: 'XTS',
  };
}
