import { randomBytes } from 'node:crypto';
import { ownerPassword, type TestServer } from '../../support/server.js';
import { type Books, type Client, createBooks, leg, must } from './books.js';
import type { Marked } from './marker-scan.js';
import type { Store } from './world.js';

export interface Writer extends Marked {
  readonly name: string;
  readonly token: string;
  readonly ownerToken: string;
  readonly client: Client;
  readonly books: Books;
  readonly store: Store;
  readonly application: { readonly clientId: string; readonly clientSecret: string };
  /** What the tenant's own clients wrote; the rest an operator wrote. */
  readonly ofClients: readonly string[];
}

/** Letters, so that codes take them; long enough never to occur by chance. */
const newMarker = (): string =>
  `mk${[...randomBytes(14)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('')}`;

/** A tenant that writes its marker wherever the operator who makes it, its people and its applications can write text. */
export async function writeEverywhere(server: TestServer, isolation: 'database' | 'schema'): Promise<Writer> {
  const [operators, marker] = [newMarker(), newMarker()];
  const email = `${operators}@example.com`;
  const made = await must(
    server.operate('POST', '/v1/tenants', {
      body: {
        name: `Bank ${operators}`,
        slug: operators,
        isolation,
        metadata: { [operators]: operators },
        owner: { email, password: ownerPassword },
        application: { name: operators, role: 'editor' },
      },
      headers: { 'x-operator': operators, 'x-request-id': operators },
    }),
  );
  server.removeAtEnd(made.id);
  const path = `/v1/tenants/${made.id}`;
  await must(server.operate('PATCH', path, { body: { name: `Firm ${operators}`, metadata: { other: operators } } }));
  await server.operate('PUT', `${path}/reactivate`, { headers: { 'x-operator': operators } });
  const connections = await must(server.operate('GET', `${path}/associations/ledger/connections`));
  const store: Store = connections.databases.transaction.postgresql;

  const { clientId, clientSecret } = made.application;
  const tokenOf = async (login: object): Promise<string> =>
    (await must(server.access('POST', '/v1/login/oauth/access_token', { body: login }))).accessToken;
  const token = await tokenOf({ grantType: 'client_credentials', clientId, clientSecret });
  const ownerToken = await tokenOf({ grantType: 'password', username: email, password: ownerPassword, clientId });
  const client: Client = (method, url, body, options) =>
    server.call(method, url, {
      token,
      ...(body === undefined ? {} : { body }),
      ...options,
      headers: { 'x-request-id': `${marker}-request`, 'user-agent': `${marker}-agent`, ...options?.headers },
    });
  await writePeople(server, ownerToken, marker, clientId);
  const books = await createBooks(client);
  await writeBooks(client, books, marker);
  await writeRefused(client, books, marker);
  const ofClients = [marker, books.marker, books.ids.assetCode.toLowerCase()];
  return {
    ...{ name: isolation, tenantId: made.id.replaceAll('-', ''), database: store.database, schema: store.schema },
    markers: [operators, ...ofClients],
    ...{ ofClients, token, ownerToken, client, books, store, application: { clientId, clientSecret } },
  };
}

async function writePeople(server: TestServer, token: string, marker: string, clientId: string): Promise<void> {
  const send = (method: string, url: string, body?: object) =>
    must(
      server.access(method, url, {
        token,
        ...(body && { body }),
        headers: { 'x-request-id': `${marker}-identity` },
      }),
    );
  const login = (username: string, password: string) =>
    server.access('POST', '/v1/login/oauth/access_token', {
      body: { grantType: 'password', username, password, clientId },
    });
  const person = { firstName: marker, lastName: marker, username: marker, email: `${marker}@example.com` };
  const user = await send('POST', '/v1/users', { ...person, password: ownerPassword });
  await send('PATCH', `/v1/users/${user.id}`, { firstName: `${marker} the second` });
  const application = await send('POST', '/v1/applications', { name: `plugin-${marker}`, description: marker });
  const redirectUri = `https://${marker}.example/back`;
  await must(
    server.access('PUT', `/v1/applications/${application.id}/redirect-uris`, {
      token,
      body: { redirectUris: [redirectUri] },
    }),
  );
  const authorization = new URLSearchParams({
    ...{ client_id: application.clientId, redirect_uri: redirectUri, response_type: 'code', scope: 'openid' },
    ...{ state: marker, nonce: marker, code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' },
  });
  await server.access('GET', `/oidc/auth?${authorization}`, { headers: { accept: 'text/html' } });
  await server.access('POST', '/v1/login/password-reset', { body: { username: marker, clientId } });
  await login(marker, `${marker}-Wrong-1!`);
  await login(`${marker}-nobody`, ownerPassword);
  await server.access('POST', '/v1/login/oauth/access_token', {
    body: { grantType: 'client_credentials', clientId: marker, clientSecret: marker },
  });
  const own = await must(login(marker, ownerPassword));
  await must(
    server.access('POST', `/v1/users/${user.id}/mfa/setup`, { token: own.accessToken, body: { mfaType: 'email' } }),
  );
}

/** What `createBooks` leaves out. */
async function writeBooks(
  client: Client,
  { path, organizationPath, ids, otherAlias, otherAccount }: Books,
  marker: string,
) {
  const post = (url: string, body: object, headers: Record<string, string> = {}) =>
    must(client('POST', url, body, { headers }));
  const patch = (url: string, body: object) => must(client('PATCH', url, body));
  const status = { code: marker, description: marker };
  const metadata = { [marker]: marker };
  const address = {
    line1: marker,
    line2: marker,
    zipCode: marker,
    city: marker,
    state: marker,
    country: 'BR',
    description: marker,
  };
  await patch(organizationPath, { doingBusinessAs: marker, address: { ...address }, status, metadata });
  await patch(path, { status, metadata });
  for (const [kind, id] of [
    ['assets', ids.asset],
    ['portfolios', ids.portfolio],
    ['segments', ids.segment],
  ])
    await patch(`${path}/${kind}/${id}`, { status, metadata });
  await patch(`${path}/accounts/${ids.account}`, { status, entityId: marker, metadata });
  await patch(`${path}/account-types/${ids.accountType}`, { description: marker, metadata });
  await post(`${path}/accounts`, { assetCode: ids.assetCode, type: marker, alias: `@typed-${marker}` });
  await post(`${path}/accounts/${ids.account}/balances`, { key: marker });
  const rubric = { code: marker, description: marker };
  const validIf = `@${marker}`;
  await post(`${path}/operation-routes`, {
    ...{ title: marker, description: marker, code: marker, operationType: 'source', metadata },
    account: { ruleType: 'alias', validIf },
    accountingEntries: { direct: { debit: rubric, credit: rubric } },
  });
  await patch(`${path}/transaction-routes/${ids.transactionRoute}`, { description: marker, metadata });
  const texts = { description: marker, chartOfAccounts: marker, metadata, route: marker };
  const { assetCode } = ids;
  const sides = (alias: string) => ({
    asset: assetCode,
    value: '1',
    source: { from: [leg(alias, assetCode, '1', texts)] },
    distribute: { to: [leg(otherAlias, assetCode, '1', texts)] },
  });
  const body = {
    ...{ description: marker, chartOfAccountsGroupName: marker, route: marker, code: marker, metadata },
    send: sides(ids.alias),
  };
  const key = { 'x-idempotency': marker, 'x-ttl': '3600' };
  for (let n = 0; n < 2; n += 1) await post(`${path}/transactions/json`, body, key);
  await post(`${path}/transactions/json`, { ...body, pending: true }, { 'x-idempotency': `${marker}-pending` });
  await post(`${path}/transactions/batch`, { transactions: [{ ...body, idempotencyKey: `${marker}-batch` }] });
  await post(`${path}/transactions/annotation`, { ...body, description: `${marker} noted` });
  await patch(`${path}/transactions/${ids.transaction}`, { description: `${marker} again`, metadata });
  await patch(`${path}/transactions/${ids.transaction}/operations/${ids.operation}`, { description: marker, metadata });
  const rate = { rate: 5, scale: 1, source: marker, metadata };
  for (const codes of [
    { from: assetCode, to: 'EUR' },
    { from: 'EUR', to: assetCode },
  ])
    await must(client('PUT', `${path}/asset-rates`, { ...codes, ...rate }));
  const inflow = { accountAlias: ids.alias, balanceKey: marker, amount: { asset: assetCode, value: '1' } };
  await post(`${path}/transactions/inflow`, { send: { asset: assetCode, value: '1', distribute: { to: [inflow] } } });
  const holder = await post(
    `${organizationPath}/holders`,
    {
      ...{ type: 'NATURAL_PERSON', name: marker, document: marker, externalId: marker, metadata },
      addresses: { primary: address },
      contact: { primaryEmail: `${marker}@example.com` },
      naturalPerson: { favoriteName: marker, socialName: marker, gender: marker },
    },
    { 'x-idempotency': `${marker}-holder` },
  );
  await post(`${organizationPath}/holders`, {
    ...{ type: 'LEGAL_PERSON', name: marker, document: `${marker}-firm` },
    legalPerson: { tradeName: marker, activity: marker },
  });
  await post(
    `${organizationPath}/holders/${holder.id}/instruments`,
    {
      ...{ ledgerId: ids.ledger, accountId: ids.account, metadata },
      bankingDetails: { branch: marker, account: marker },
      regulatoryFields: { participantDocument: marker },
    },
    { 'x-idempotency': `${marker}-instrument` },
  );
  await post('/v1/settings/metadata-indexes/entities/account', { metadataKey: marker });
  await must(client('POST', `${path}/accounts/${otherAccount}/balances`, { key: `${marker}2` }));
  const gone = await post(`${path}/segments`, { name: `deleted ${marker}` });
  await must(client('DELETE', `${path}/segments/${gone.id}`));
  await client('GET', `${path}/accounts?name=${marker}&metadata.${marker}=${marker}`);
}

/** What is refused leaves no trace but a line of the log. */
async function writeRefused(client: Client, { path, organizationPath, ids }: Books, marker: string): Promise<void> {
  const { assetCode, alias } = ids;
  await client('POST', `${path}/transactions/outflow`, {
    description: marker,
    send: { asset: assetCode, value: '1e20', source: { from: [leg(alias, assetCode, '1e20')] } },
  });
  await client('POST', `${path}/accounts`, { assetCode: marker, type: marker, alias: `not an alias ${marker}` });
  await client('POST', `${path}/accounts`, { assetCode, type: 'deposit', alias });
  await client('POST', `${path}/accounts`, `{"${marker}": ${marker}`);
  await client('GET', `${path}/accounts/alias/${marker}`);
  await client('GET', `/v1/${marker}`);
  await client('GET', `${organizationPath}/ledgers?cursor=${marker}&sort_order=${marker}`);
  await client('POST', `${path}/transactions/dsl`, marker, { headers: { 'content-type': 'text/plain' } });
}
