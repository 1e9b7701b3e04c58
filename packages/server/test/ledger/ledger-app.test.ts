import { describe, expect, test } from 'vitest';
import { buildOpenApiDocument } from '../../src/http/openapi-document.js';
import { ledgerRoutes } from '../../src/ledger/ledger-app.js';
import { createPoster } from '../../src/ledger/posting/poster.js';
import { createUnavailableIndexer } from '../../src/tenancy/metadata-indexes.js';
import { documentationOf } from './support/documented.js';

const now = () => new Date();
const newId = () => '019c96a0-0000-7000-8000-000000000000';
const log = { info() {}, warn() {}, error() {} };
const routes = ledgerRoutes({
  now,
  newId,
  poster: createPoster({ now, newId, log: log as never }),
  metadataIndexes: createUnavailableIndexer(),
  limits: { pageLimitMax: 100, monthRangeMax: 1 },
  production: false,
  implicitIdempotency: true,
});

test.each(routes.map((route) => [route.operationId, route] as const))(
  '%s documents its answer by an example of it',
  (_, route) => {
    const { success, body, requestExample } = route;
    documentationOf(route)(success.status, success.example);
    if (body) expect(requestExample).toBeDefined();
  },
);

test('a permission is asked of every route, its action the verb', () => {
  for (const { guard, method, url } of routes)
    expect({ url, guard }).toMatchObject({ guard: { permission: { action: method.toLowerCase() } } });
});

describe('the endpoint index of ledger-api §2', () => {
  const L = '/v1/organizations/:/ledgers/:';
  const rows = [
    ...crud('/v1/organizations', true),
    ...crud('/v1/organizations/:/ledgers', true),
    `GET ${L}/settings`,
    `PATCH ${L}/settings`,
    ...crud(`${L}/assets`, true),
    ...crud(`${L}/portfolios`, true),
    ...crud(`${L}/segments`, true),
    ...crud(`${L}/accounts`, true),
    `GET ${L}/accounts/alias/:`,
    `GET ${L}/accounts/external/:`,
    ...crud(`${L}/account-types`, false),
    `GET ${L}/balances`,
    `GET ${L}/balances/:`,
    `PATCH ${L}/balances/:`,
    `DELETE ${L}/balances/:`,
    `GET ${L}/balances/:/history`,
    `GET ${L}/accounts/:/balances`,
    `POST ${L}/accounts/:/balances`,
    `GET ${L}/accounts/:/balances/history`,
    `GET ${L}/accounts/alias/:/balances`,
    `GET ${L}/accounts/external/:/balances`,
  ];
  const served = new Set(routes.map(({ method, url }) => `${method} ${url.replace(/:\w+/g, ':')}`));
  test.each(rows)('%s', (row) => {
    expect(served).toContain(row);
  });
});

function crud(path: string, counted: boolean): string[] {
  const rows = [`POST ${path}`, `GET ${path}`, `GET ${path}/:`, `PATCH ${path}/:`, `DELETE ${path}/:`];
  return counted ? [...rows, `HEAD ${path}/metrics/count`] : rows;
}

test('the OpenAPI document is the same with auth on and off, security apart', () => {
  const options = { title: 'Ledger', version: '1', description: '', routes: routes as never };
  const withoutSecurity = (authEnabled: boolean) =>
    JSON.parse(JSON.stringify(buildOpenApiDocument({ ...options, authEnabled })), (key, value) =>
      key === 'security' || key === 'securitySchemes' ? undefined : value,
    );
  expect(withoutSecurity(true)).toEqual(withoutSecurity(false));
});
