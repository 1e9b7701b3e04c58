import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, type TestTenant } from '../../server/test/support/server.js';
import { moveMoney } from '../examples/move-money.js';
import { type CofferdamClient, CofferdamError, clientCredentials, createClient, isRefusal } from '../src/index.js';
import { nobodysUrl } from './support.js';

let server: TestServer;
let tenant: TestTenant;
let client: CofferdamClient;
let path: { organization_id: string; ledger_id: string };

beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
  tenant = await server.createTenant();
  client = createClient({ baseUrl: `${server.running.urls.ledger}/`, token: clientCredentials(credentials()) });
  const organization = await client.createOrganization({ body: { legalName: 'Acme', legalDocument: '1' } });
  const ledger = await client.createLedger({ path: { organization_id: organization.id }, body: { name: 'Main' } });
  path = { organization_id: organization.id, ledger_id: ledger.id };
  await client.createAsset({ path, body: { name: 'US Dollar', type: 'currency', code: 'USD' } });
  for (let number = 0; number < 5; number++)
    await client.createAccount({
      path,
      body: { assetCode: 'USD', type: 'deposit', alias: `@a${number}`, metadata: { even: number % 2 === 0 } },
    });
});
afterAll(() => server.stop());

function credentials() {
  const { clientId, clientSecret } = tenant;
  return { accessUrl: server.running.urls.access, clientId, clientSecret };
}

async function thrown(work: Promise<unknown>): Promise<CofferdamError> {
  const error = await work.then(
    () => undefined,
    (one: unknown) => one,
  );
  if (!(error instanceof CofferdamError)) throw new Error('no CofferdamError was thrown', { cause: error });
  return error;
}

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

test('the example of the README works, and is the one in the README', async () => {
  const { accessUrl, clientId, clientSecret } = credentials();
  const balances = await moveMoney({ ledgerUrl: server.running.urls.ledger, accessUrl, clientId, clientSecret });
  expect(balances).toEqual(['@external/USD 100', '@alice 69.75', '@bob 30.25']);
  const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  expect(read('README.md')).toContain(`\`\`\`ts\n${read('examples/move-money.ts')}\`\`\``);
});

test('reads, changes, counts, deletes; what is typed is what comes', async () => {
  const portfolio = await client.createPortfolio({ path, body: { name: 'Retail', metadata: { color: 'blue' } } });
  const at = { ...path, id: portfolio.id };
  const changed = await client.updatePortfolio({ path: at, body: { name: 'Retail 2', metadata: { color: null } } });
  expect([changed.name, changed.metadata]).toEqual(['Retail 2', undefined]);
  expect(await client.countPortfolios({ path })).toBe(1);
  expect(await client.deletePortfolio({ path: at })).toBeUndefined();
  expect(await client.countPortfolios({ path })).toBe(0);
  expect(await client.getHealth()).toBe('healthy');
  expect((await client.getAccountByAlias({ path: { ...path, alias: '@a1' } })).alias).toBe('@a1');
  const found = await client.listAccounts({ path, query: { metadata: { 'metadata.even': 'true' }, limit: 50 } });
  expect(found.items.map(({ alias }) => alias)).toEqual(['@a0', '@a2', '@a4']);
  const answer = await client.call('getLedger', { path, requestId: 'mine' });
  expect([answer.status, answer.requestId, answer.data.name, answer.attempts]).toEqual([200, 'mine', 'Main', 1]);
});

test('a DSL file is uploaded as one', async () => {
  const dsl =
    '(transaction V1 (chart-of-accounts-group-name G) (send USD 7|0 (source (from @external/USD :remaining)) (distribute (to @a0 :remaining))))';
  expect(await client.createDslTransaction({ path, body: { dsl } })).toMatchObject({ amount: '7', assetCode: 'USD' });
});

describe('lists', () => {
  test('numbered ones: every item once, pages of the size that was asked for', async () => {
    const query = { limit: 2, sort_order: 'desc' as const };
    const pages = await collect(client.pages('listAccounts', { path, query }));
    expect(pages.map(({ page, items }) => [page, items.length])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 0],
    ]);
    const aliases = (await collect(client.items('listAccounts', { path, query }))).map(({ alias }) => alias);
    expect(aliases).toEqual(['@a4', '@a3', '@a2', '@a1', '@a0', '@external/USD']);
  });

  test('by cursor: every item once; the iterator stops asking when it is left', async () => {
    const balances = await collect(client.items('listBalances', { path, query: { limit: 4 } }));
    expect(new Set(balances.map(({ id }) => id)).size).toBe(6);
    for await (const page of client.pages('listBalances', { path, query: { limit: 1 } })) {
      expect(page.items).toHaveLength(1);
      break;
    }
  });
});

describe('refusals', () => {
  test('have code, fields, status and request id', async () => {
    const error = await thrown(client.createOrganization({ body: { legalName: '' } as never, requestId: 'r-1' }));
    expect(error).toMatchObject({
      name: 'CofferdamError',
      code: '0009',
      status: 400,
      requestId: 'r-1',
      operationId: 'createOrganization',
      attempts: 1,
    });
    expect(Object.keys(error.fields)).toEqual(['legalName', 'legalDocument']);
    expect(error.errors).toContainEqual({ location: 'legalName', message: expect.stringContaining('required') });
    expect(isRefusal(error, '0018', '0009')).toBe(true);
    expect(isRefusal(error, '0018')).toBe(false);
    expect(isRefusal(new Error('other'))).toBe(false);
  });

  test('of a count, which has no body, have the status', async () => {
    const without = createClient({ baseUrl: server.running.urls.ledger });
    expect(await thrown(without.countOrganizations())).toMatchObject({ code: 'REFUSED', status: 401 });
  });

  test('a missing path parameter never becomes another operation', async () => {
    await expect(client.getAccount({ path: { ...path, id: '' } })).rejects.toThrow(TypeError);
    await expect(client.getAccount({ path: { ...path, id: '..' } })).rejects.toThrow(TypeError);
    await expect(client.deleteOrganization({} as never)).rejects.toThrow(TypeError);
  });

  test('a base URL that is none, or of something else', async () => {
    expect(() => createClient({ baseUrl: 'ledger.example.com' })).toThrow(TypeError);
    expect(() => createClient({ baseUrl: [] })).toThrow(TypeError);
    const elsewhere = createClient({ baseUrl: `${server.running.urls.tenants}/metrics`, retry: { attemptsMax: 1 } });
    expect(await thrown(elsewhere.listOrganizations())).toMatchObject({ status: expect.any(Number) });
  });
});

describe('tokens', () => {
  test('one that is refused is asked for again, once', async () => {
    const asked: (string | undefined)[] = [];
    const good = await tenant.token();
    const renewed = createClient({
      baseUrl: server.running.urls.ledger,
      token: async (refused) => {
        asked.push(refused);
        return refused === undefined ? 'stale' : good;
      },
    });
    expect((await renewed.listOrganizations()).items.length).toBeGreaterThan(0);
    expect(asked).toEqual([undefined, 'stale']);
    const hopeless = createClient({ baseUrl: server.running.urls.ledger, token: () => 'bad' });
    expect(await thrown(hopeless.listOrganizations())).toMatchObject({ code: '0042', status: 401, attempts: 1 });
  });

  test('of an application are shared, kept, and renewed when refused', async () => {
    let requests = 0;
    const counting: typeof fetch = (...request) => {
      requests += 1;
      return fetch(...request);
    };
    const provider = clientCredentials({ ...credentials(), fetch: counting });
    const [one, two] = await Promise.all([provider(), provider()]);
    expect([one === two, await provider(), requests]).toEqual([true, one, 1]);
    const renewals = await Promise.all([provider(one), provider(one)]);
    expect([renewals[0] === renewals[1], await provider(one), requests]).toEqual([true, renewals[0], 2]);
  });

  test('the Access Manager refuses, or is not there', async () => {
    const wrong = clientCredentials({ ...credentials(), clientSecret: 'wrong' });
    expect(await thrown(Promise.resolve(wrong()))).toMatchObject({ code: 'AUT-1002', status: 401 });
    const nobody = clientCredentials({ ...credentials(), accessUrl: await nobodysUrl() });
    expect(await thrown(Promise.resolve(nobody()))).toMatchObject({ code: 'UNREACHABLE', status: 0 });
  });
});
