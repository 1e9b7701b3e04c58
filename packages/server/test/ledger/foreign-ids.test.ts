import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerRoutes } from '../../src/ledger/ledger-app.js';
import { createOneOfEach, fill, fingerprint, type Ids } from './support/every-route.js';
import { createLedgerApi, type LedgerApi } from './support/ledger-api.js';

let api: LedgerApi;
let own: Ids;
let foreign: Ids;
let before: string;
beforeAll(async () => {
  api = await createLedgerApi();
  own = await createOneOfEach(api, 'own');
  foreign = await createOneOfEach(api, 'foreign');
  before = await fingerprint(api);
});
afterAll(() => api.close());

const unknown = '019c96a0-0000-7000-8000-00000000dead';
const table = ledgerRoutes({} as never);
const inLedger = table
  .filter(({ url }) => url.includes(':ledger_id'))
  .map((route) => [`${route.method} ${route.url}`, route] as const);

/** What the caller sees, apart from ids that it sent itself. */
async function seen(method: string, url: string, body: unknown) {
  const { status, text, headers } = await api.call(method, url, body);
  return { status, text, count: headers['x-total-count'] };
}

// The URLs are right: with the caller's own ids each of them finds something.
test.each(
  inLedger.filter(([, { method, query }]) => method === 'GET' && !JSON.stringify(query ?? {}).includes('"date"')),
)('%s finds what is there', async (_, route) => {
  const { status, body } = await api.get(fill(route, own));
  expect(status).toBe(200);
  if (body.items) expect(body.items.length).toBeGreaterThan(0);
});

/**
 * Every route, once with ids of another organization's books and once with ids that nobody has: below a ledger that
 * is not the organization's, and below the right ledger with a record that is not the ledger's.
 */
test.each(inLedger)('%s tells nothing about the books of another organization', async (_, route) => {
  const body = route.body && (route.requestExample ?? {});
  const names = ['id', ...Object.keys(own)].filter(
    (name) => !['organization_id', 'ledger_id', 'organizations', 'code', 'asset_code'].includes(name),
  );
  const strange = (ids: Ids) => Object.fromEntries(names.map((name) => [name, ids[name] ?? unknown]));
  const nobody = { ...Object.fromEntries(names.map((name) => [name, unknown])), alias: '@nobody' };
  const pairs: [Ids, Ids][] = [
    [
      { ...foreign, organization_id: own['organization_id'] as string },
      { ...foreign, organization_id: own['organization_id'] as string, ledger_id: unknown },
    ],
    [
      { ...own, ...strange(foreign) },
      { ...own, ...nobody },
    ],
  ];
  // Only routes that name a record can tell one apart in the second way.
  const relevant = /:(?!organization_id|ledger_id|code|asset_code)/.test(route.url) ? pairs : pairs.slice(0, 1);
  for (const [stranger, missing] of relevant)
    expect(await seen(route.method, fill(route, stranger), body)).toEqual(
      await seen(route.method, fill(route, missing), body),
    );
  expect(await fingerprint(api)).toBe(before);
});
