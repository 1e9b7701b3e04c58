import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reply } from '../support/server.js';
import { leg, missingLike, transfer } from './support/books.js';
import {
  type Ids,
  isWriting,
  type Kind,
  kindsOf,
  nameOf,
  neededQuery,
  pathOf,
  routeTable,
  takesAnyCode,
} from './support/route-table.js';
import { digest, meetings, openWorld, type Resident, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const routes = routeTable();
const withIds = routes.filter((route) => kindsOf(route).length > 0);

/** What a client can tell two answers by, the ids that it sent itself taken out. */
function seen({ status, headers, text }: Reply, sent: Ids) {
  const plain = (said: string) =>
    Object.entries(sent).reduce((rest, [kind, id]) => rest.replaceAll(id, `<${kind}>`), said);
  const own = ['date', 'x-request-id'];
  const shown = [...headers].filter(([name]) => !own.includes(name)).map(([name, value]) => [name, plain(value)]);
  return { status, text: plain(text), headers: shown };
}

/** Sends the route with ids of a neighbour, then with ids of nothing: the two answers must be one. */
async function expectAlike(caller: Resident, route: (typeof routes)[number], foreign: Ids, missing: Ids) {
  const body = route.body && route.requestExample;
  const ask = (ids: Ids) => caller.client(route.method, `${pathOf(route, ids)}${neededQuery(route, ids)}`, body);
  const [theirs, nothing] = [await ask(foreign), await ask(missing)];
  const what = `${caller.name}: ${nameOf(route)}`;
  expect(seen(theirs, foreign), what).toEqual(seen(nothing, missing));
  expect(theirs.status, what).toBeLessThan(500);
  return theirs;
}

test('the table is what the program serves: its own description lists the same routes', async () => {
  const { body } = await world.server.call('GET', '/openapi.json');
  const served = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const operational = ['GET /health', 'GET /version', 'GET /readyz', 'GET /openapi.json'];
  expect(served.filter((name) => !operational.includes(name)).sort()).toEqual(routes.map(nameOf).sort());
});

test('T-05: every reading route answers its own tenant, so that the comparisons below compare something', async () => {
  for (const { name, client, books } of world.residents)
    for (const route of routes.filter((one) => !isWriting(one))) {
      const { status, text } = await client(
        route.method,
        `${pathOf(route, books.ids)}${neededQuery(route, books.ids)}`,
      );
      expect([200, 204], `${name}: ${nameOf(route)} ${text}`).toContain(status);
    }
});

describe('X-19: every route with ids of another tenant answers as with ids of nothing, byte for byte', () => {
  test('all ids of the neighbour', async () => {
    for (const [caller, neighbour] of meetings(world.residents)) {
      const before = await digest(neighbour);
      for (const route of withIds) {
        const { status, text, body } = await expectAlike(
          caller,
          route,
          neighbour.books.ids,
          missingLike(neighbour.books.ids),
        );
        expect(text, nameOf(route)).not.toContain(neighbour.books.marker);
        if (status < 400 && isWriting(route)) expect(body.succeeded, nameOf(route)).toBe(0); // the batch: entry by entry
      }
      expect(await digest(neighbour)).toEqual(before);
    }
  });

  test('id by id: everything else is the caller’s own', async () => {
    for (const [caller, neighbour] of meetings(world.residents)) {
      const before = await digest(neighbour);
      const missing = missingLike(neighbour.books.ids);
      for (const route of withIds)
        for (const kind of kindsOf(route)) {
          if (kind === 'assetCode' && takesAnyCode(route)) continue;
          const own = caller.books.ids;
          const swap = (from: Ids): Ids => ({ ...own, [kind]: from[kind as Kind] });
          const { text } = await expectAlike(caller, route, swap(neighbour.books.ids), swap(missing));
          expect(text, nameOf(route)).not.toContain(neighbour.books.marker);
        }
      expect(await digest(neighbour)).toEqual(before);
    }
  });

  test('ids in bodies and filters: parents, portfolios, segments, aliases, assets, metadata', async () => {
    for (const [caller, neighbour] of meetings(world.residents)) {
      const before = [await digest(neighbour), await digest(caller)];
      const { books: own } = caller;
      const account = (more: object) => ({ assetCode: own.ids.assetCode, type: 'deposit', ...more });
      const inflow = (alias: string, asset: string) => ({
        send: { asset, value: '1', distribute: { to: [leg(alias, asset, '1')] } },
      });
      const code = own.ids.assetCode;
      const requests: [string, string, (ids: Ids) => unknown][] = [
        [
          'POST',
          '/v1/organizations',
          (ids) => ({ legalName: 'x', legalDocument: '1', parentOrganizationId: ids.organization }),
        ],
        ['PATCH', own.organizationPath, (ids) => ({ parentOrganizationId: ids.organization })],
        ['POST', `${own.path}/accounts`, (ids) => account({ parentAccountId: ids.account })],
        ['POST', `${own.path}/accounts`, (ids) => account({ portfolioId: ids.portfolio })],
        ['POST', `${own.path}/accounts`, (ids) => account({ segmentId: ids.segment })],
        ['POST', `${own.path}/accounts`, (ids) => account({ assetCode: ids.assetCode })],
        ['PATCH', `${own.path}/accounts/${own.ids.account}`, (ids) => ({ portfolioId: ids.portfolio })],
        ['PATCH', `${own.path}/accounts/${own.ids.account}`, (ids) => ({ segmentId: ids.segment })],
        ['POST', `${own.path}/transactions/json`, (ids) => transfer(code, '1', ids.alias, own.ids.alias)],
        ['POST', `${own.path}/transactions/json`, (ids) => transfer(code, '1', own.ids.alias, ids.alias)],
        ['POST', `${own.path}/transactions/json`, (ids) => transfer(ids.assetCode, '1', own.ids.alias, own.otherAlias)],
        [
          'POST',
          `${own.path}/transactions/json`,
          (ids) => transfer(code, '1', `@external/${ids.assetCode}`, own.ids.alias),
        ],
        ['POST', `${own.path}/transactions/inflow`, (ids) => inflow(ids.alias, code)],
        ['POST', `${own.path}/transactions/inflow`, (ids) => inflow(own.ids.alias, ids.assetCode)],
        [
          'POST',
          `${own.path}/transactions/batch`,
          (ids) => ({ atomic: true, transactions: [transfer(code, '1', own.ids.alias, ids.alias)] }),
        ],
      ];
      for (const [method, path, bodyOf] of requests) {
        const missing = missingLike(neighbour.books.ids);
        const theirs = await caller.client(method, path, bodyOf(neighbour.books.ids));
        const nothing = await caller.client(method, path, bodyOf(missing));
        const what = `${method} ${path} ${JSON.stringify(bodyOf(neighbour.books.ids))}`;
        expect(seen(theirs, neighbour.books.ids), what).toEqual(seen(nothing, missing));
        expect(theirs.status, what).toBeGreaterThanOrEqual(400);
        expect(theirs.status, what).toBeLessThan(500);
      }
      expect([await digest(neighbour), await digest(caller)]).toEqual(before);
    }
  });

  test('a transition of another tenant’s pending transaction', async () => {
    for (const [caller, neighbour] of meetings(world.residents)) {
      for (const verb of ['commit', 'cancel', 'revert']) {
        const { status, body } = await caller.client(
          'POST',
          `${caller.books.path}/transactions/${neighbour.books.pending}/${verb}`,
        );
        expect({ verb, status, code: body.code }).toEqual({ verb, status: 404, code: '0007' });
      }
      const { body } = await neighbour.client('GET', `${neighbour.books.path}/transactions/${neighbour.books.pending}`);
      expect(body.status.code).toBe('PENDING');
    }
  });

  test('filters', async () => {
    for (const [caller, neighbour] of meetings(world.residents)) {
      const { path } = caller.books;
      const { ids, marker } = neighbour.books;
      const missing = missingLike(ids);
      const filters: [string, (from: Ids, mark: string) => string][] = [
        [`${path}/accounts`, (from) => `portfolio_id=${from.portfolio}`],
        [`${path}/accounts`, (from) => `segment_id=${from.segment}`],
        [`${path}/accounts`, (from) => `parent_account_id=${from.account}`],
        [`${path}/accounts`, (from) => `alias=${encodeURIComponent(from.alias)}`],
        [`${path}/accounts`, (from) => `asset_code=${from.assetCode}`],
        [`${path}/accounts`, (_, mark) => `metadata.marker=${mark}`],
        [`${path}/transactions`, (_, mark) => `metadata.marker=${mark}`],
        [`${path}/assets`, (_, mark) => `metadata.marker=${mark}`],
        [`${path}/portfolios`, (_, mark) => `entity_id=${mark}`],
        ['/v1/organizations', (_, mark) => `legal_name=${mark}`],
        ['/v1/organizations', (_, mark) => `metadata.marker=${mark}`],
        [`${caller.books.organizationPath}/ledgers`, (_, mark) => `name=${mark}`],
        [
          `${path.slice(3)}/accounts/${caller.books.ids.account}/operations`,
          (from) => `transactionId=${from.transaction}&operationId=${from.operation}`,
        ],
      ];
      for (const [list, queryOf] of filters) {
        const theirs = await caller.client('GET', `${list}?${queryOf(ids, marker)}`);
        const nothing = await caller.client('GET', `${list}?${queryOf(missing, 'mark0123456789abcdef')}`);
        expect(seen(theirs, ids), `${list}?${queryOf(ids, marker)}`).toEqual(seen(nothing, missing));
        expect(theirs.text).not.toContain(marker);
      }
    }
  });

  test('T-08: the tenant’s own id, or a neighbour’s, is no organization', async () => {
    for (const [caller, neighbour] of meetings(world.residents))
      for (const { id } of [caller.tenant, neighbour.tenant]) {
        const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
        const { status, body } = await caller.client('GET', `/v1/organizations/${dashed}`);
        expect({ status, code: body.code }).toEqual({ status: 404, code: '0007' });
      }
  });
});
