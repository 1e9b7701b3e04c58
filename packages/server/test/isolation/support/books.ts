import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { CallOptions, Reply } from '../../support/server.js';
import type { Ids } from './route-table.js';

/** What a client of one tenant can do: `call` with its token put in. */
export type Client = (method: string, path: string, body?: unknown, options?: CallOptions) => Promise<Reply>;

/** One object of every kind, each carrying the tenant's own marker in a name, an alias or its metadata. */
export interface Books {
  readonly ids: Ids;
  /** `/v1/organizations/…/ledgers/…` */
  readonly path: string;
  readonly organizationPath: string;
  /** Occurs in no other tenant. */
  readonly marker: string;
  /** Alias of a second account, under the first one. */
  readonly otherAlias: string;
  readonly otherAccount: string;
  /** A transaction that may be committed or cancelled. */
  readonly pending: string;
}

/** Letters only: asset codes take nothing else. */
const letters = (length: number) =>
  [...randomBytes(length)].map((byte) => String.fromCharCode(65 + (byte % 26))).join('');

export async function must(reply: Promise<Reply>): Promise<Reply['body']> {
  const { status, body, text } = await reply;
  if (status >= 300) throw new Error(`refused: ${status} ${text}`);
  return body;
}

/** A leg with an amount. */
export const leg = (accountAlias: string, asset: string, value: string, more: object = {}) => ({
  accountAlias,
  amount: { asset, value },
  ...more,
});

export const transfer = (asset: string, value: string, from: string, to: string, more: object = {}) => ({
  ...more,
  send: {
    asset,
    value,
    source: { from: [leg(from, asset, value)] },
    distribute: { to: [leg(to, asset, value)] },
  },
});

/** Builds books with an object of every kind. `fixed` makes two tenants' books alike to the last letter. */
export async function createBooks(client: Client, fixed?: { readonly marker: string }): Promise<Books> {
  const marker = fixed?.marker ?? `mark${randomBytes(8).toString('hex')}`;
  const code = fixed ? 'GBP' : `X${letters(7)}`;
  const post = (path: string, body: object) => must(client('POST', path, body));
  const metadata = { marker };
  const organization = await post('/v1/organizations', { legalName: marker, legalDocument: marker, metadata });
  const organizationPath = `/v1/organizations/${organization.id}`;
  const ledger = await post(`${organizationPath}/ledgers`, { name: marker, metadata });
  const path = `${organizationPath}/ledgers/${ledger.id}`;
  const asset = await post(`${path}/assets`, { name: marker, type: 'others', code, metadata });
  const portfolio = await post(`${path}/portfolios`, { name: marker, entityId: marker, metadata });
  const segment = await post(`${path}/segments`, { name: marker, metadata });
  const accountType = await post(`${path}/account-types`, { name: marker, keyValue: marker });
  const operationRoute = await post(`${path}/operation-routes`, {
    title: marker,
    operationType: 'bidirectional',
    metadata,
  });
  const transactionRoute = await post(`${path}/transaction-routes`, {
    title: marker,
    operationRoutes: [operationRoute.id],
    metadata,
  });
  const alias = `@${marker}`;
  const account = await post(`${path}/accounts`, {
    name: marker,
    assetCode: code,
    type: 'deposit',
    alias,
    portfolioId: portfolio.id,
    segmentId: segment.id,
    metadata,
  });
  const otherAlias = `@other-${marker}`;
  const other = await post(`${path}/accounts`, {
    assetCode: code,
    type: 'deposit',
    alias: otherAlias,
    parentAccountId: account.id,
  });
  const transaction = await post(
    `${path}/transactions/json`,
    transfer(code, '1000', `@external/${code}`, alias, { description: marker, metadata }),
  );
  const operation = transaction.operations.find(({ accountId }: { accountId: string }) => accountId === account.id);
  const rate = await must(
    client('PUT', `${path}/asset-rates`, { from: code, to: 'USD', rate: 525, scale: 2, metadata }),
  );
  const holder = await post(`${organizationPath}/holders`, {
    type: 'NATURAL_PERSON',
    name: marker,
    document: `holder-${marker}`,
    metadata,
  });
  const instrument = await post(`${organizationPath}/holders/${holder.id}/instruments`, {
    ledgerId: ledger.id,
    accountId: other.id,
    relatedParties: [{ document: marker, name: marker, role: 'PRIMARY_HOLDER', startDate: '2026-01-01' }],
    metadata,
  });
  const pending = await post(`${path}/transactions/json`, transfer(code, '7', alias, otherAlias, { pending: true }));
  return {
    ids: {
      organization: organization.id,
      ledger: ledger.id,
      asset: asset.id,
      portfolio: portfolio.id,
      segment: segment.id,
      account: account.id,
      accountType: accountType.id,
      operationRoute: operationRoute.id,
      transactionRoute: transactionRoute.id,
      balance: operation.balanceId,
      transaction: transaction.id,
      operation: operation.id,
      alias,
      assetCode: code,
      assetRate: rate.externalId,
      holder: holder.id,
      instrument: instrument.id,
      relatedParty: instrument.relatedParties[0].id,
    },
    path,
    organizationPath,
    marker,
    otherAlias,
    otherAccount: other.id,
    pending: pending.id,
  };
}

/** Ids of nothing at all, in the very shapes of `ids`: what an answer must not be told from. */
export function missingLike(ids: Ids): Ids {
  const fresh = Object.keys(ids).map((kind) => [kind, newId()]);
  return {
    ...(Object.fromEntries(fresh) as unknown as Ids),
    alias: `@mark${randomBytes((ids.alias.length - 5) / 2).toString('hex')}`,
    assetCode: `X${letters(ids.assetCode.length - 1)}`,
  };
}
