import type { RouteDefinition } from '../../../src/http/route.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';
import { createBooks, type LedgerApi, must } from './ledger-api.js';

/** One of everything that a path can name. */
export type Ids = Readonly<Record<string, string>>;

/** Books with one record of each kind, all of them reachable by the ids answered. `tag` keeps two such books apart. */
export async function createOneOfEach(api: LedgerApi, tag: string): Promise<Ids> {
  const { organization, organizationPath, ledger, ledgerPath } = await createBooks(api);
  const create = async (path: string, body: object) => (await must(api.post(`${ledgerPath}/${path}`, body), path)).id;
  const [asset] = (await must(api.get(`${ledgerPath}/assets`))).items;
  const account = await create('accounts', { assetCode: 'USD', type: 'deposit', alias: `@${tag}` });
  const [balance] = (await must(api.get(`${ledgerPath}/accounts/${account}/balances`))).items;
  const to = [{ accountAlias: `@${tag}`, amount: { asset: 'USD', value: '1' } }];
  const send = { asset: 'USD', value: '1', distribute: { to } };
  const transaction = await must(api.post(`${ledgerPath}/transactions/inflow`, { description: tag, send }));
  const operation = transaction.operations.find((one: { accountId: string }) => one.accountId === account);
  const route = await create('operation-routes', { title: tag, operationType: 'bidirectional' });
  const rate = await must(
    api.call('PUT', `${ledgerPath}/asset-rates`, { from: 'USD', to: 'BRL', rate: 525, scale: 2 }),
  );
  const holder = await must(
    api.post(`${organizationPath}/holders`, { type: 'NATURAL_PERSON', name: tag, document: tag }),
  );
  const party = { document: tag, name: tag, role: 'PRIMARY_HOLDER', startDate: '2026-01-31' };
  const links = { ledgerId: ledger.id, accountId: account, relatedParties: [party] };
  const instrument = await must(api.post(`${organizationPath}/holders/${holder.id}/instruments`, links));
  return {
    external_id: rate.externalId,
    asset_code: 'USD',
    holders: holder.id,
    holder_id: holder.id,
    instrument_id: instrument.id,
    related_party_id: instrument.relatedParties[0].id,
    entity_name: 'account',
    index_key: 'color',
    organization_id: organization.id,
    ledger_id: ledger.id,
    organizations: organization.id,
    assets: asset.id,
    accounts: account,
    account_id: account,
    balance_id: balance.id,
    transaction_id: transaction.id,
    operation_id: operation.id,
    alias: encodeURIComponent(`@${tag}`),
    code: 'USD',
    portfolios: await create('portfolios', { name: tag }),
    segments: await create('segments', { name: tag }),
    operation_route_id: route,
    transaction_route_id: await create('transaction-routes', { title: tag, operationRoutes: [route] }),
    'account-types': await create('account-types', { name: tag, keyValue: tag }),
  };
}

/** The URL of a route with the ids in it; a bare `:id` is that of the collection before it. */
export function fill({ url }: RouteDefinition<TenantContext>, ids: Ids): string {
  return url.replace(/([\w-]+)\/:(\w+)/g, (_, collection: string, name: string) => {
    const id = ids[name === 'id' ? collection : name];
    if (id === undefined) throw new Error(`no ${name === 'id' ? collection : name} for ${url}`);
    return `${collection}/${id}`;
  });
}

/** A fingerprint of every row of every table. */
export async function fingerprint(api: LedgerApi): Promise<string> {
  const { rows: tables } = await api.store.adminPool.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'ledger' order by 1`,
  );
  const parts = tables.map(
    ({ name }) =>
      `select '${name}' as name, md5(coalesce(string_agg(t::text, '' order by t::text), '')) from ledger."${name}" t`,
  );
  return JSON.stringify((await api.store.adminPool.query(parts.join(' union all '))).rows);
}
