import { v7 as newId } from 'uuid';
import { type Books, leg, transfer } from '../../isolation/support/books.js';
import { type Ids, isWriting, neededQuery, pathOf, routeTable } from '../../isolation/support/route-table.js';
import type { Battlefield } from './battlefield.js';
import { type Family, notTheirs } from './hostile.js';
import { createComparison, hintsOf, injections, ledger, mixed, openViewers, ownMarker } from './ledger-requests.js';

const routes = routeTable();
const reading = routes.filter((route) => !isWriting(route));
const listing = reading.filter(({ method, url }) => method === 'GET' && /(s|settings)$/.test(url));

/** a good token, used on what belongs to another. */
export async function ledgerFamilies(field: Battlefield): Promise<readonly Family[]> {
  const viewers = await openViewers(field);
  const sameAnswer = createComparison();

  return [
    {
      threat: 'X-08',
      what: 'headers, query, cookies and hosts that name the victim',
      weight: 3,
      make(random, caller, victim) {
        const { headers, query } = hintsOf(random, victim);
        const path = random.pick([
          '/v1/organizations',
          caller.books.organizationPath,
          caller.books.path,
          `${caller.books.path}/accounts`,
        ]);
        return ledger(caller, 'GET', `${path}?${query}`, [200], { headers, judge: ownMarker(caller) });
      },
    },
    {
      threat: 'X-12',
      what: 'SQL in queries, paths and bodies',
      weight: 2,
      make(random, caller, victim) {
        const text = `${random.pick(injections)}${random.below(1e6)}`;
        const sent = encodeURIComponent(text);
        const { path } = caller.books;
        const name = random.pick([
          'metadata.x',
          'sort_order',
          'sort_by',
          'limit',
          'page',
          'cursor',
          'start_date',
          'status',
          'name',
          'alias',
          'legal_name',
        ]);
        return random.pick([
          () => ledger(caller, 'GET', `${path}/accounts?${name}=${sent}`, [200, 400, 404]),
          () => ledger(caller, 'GET', `/v1/organizations?metadata.${sent}=${sent}`, [200, 400, 404]),
          () => ledger(caller, 'GET', `${path}/accounts/alias/${sent}`, [400, 404]),
          () => ledger(caller, 'GET', `${path}/accounts/${sent}`, [400, 404]),
          () => ledger(caller, 'GET', `${victim.books.path}/transactions?${name}=${sent}`, [200, 400, 404]),
          () =>
            ledger(caller, 'POST', `${path}/transactions/json`, [400, 404, 422], {
              body: transfer(text, '1', text, text),
            }),
        ])();
      },
    },
    {
      threat: 'X-13',
      what: 'reads of many tenants interleaved with errors: every answer is of its own tenant',
      weight: 2,
      make: (random, caller) =>
        random.pick([
          () =>
            ledger(caller, 'GET', `${caller.books.path}/accounts/alias/${caller.books.ids.alias}`, [200], {
              judge: ownMarker(caller),
            }),
          () => ledger(caller, 'GET', caller.books.organizationPath, [200], { judge: ownMarker(caller) }),
          () => ledger(caller, 'POST', `${caller.books.path}/transactions/json`, [400], { body: '{"send":' }),
          () =>
            ledger(caller, 'POST', `${caller.books.path}/transactions/outflow`, [422], {
              body: {
                send: {
                  asset: caller.books.ids.assetCode,
                  value: '1e20',
                  source: { from: [leg(caller.books.otherAlias, caller.books.ids.assetCode, '1e20')] },
                },
              },
            }),
        ])(),
    },
    {
      threat: 'X-17',
      what: 'conditional and cached requests',
      weight: 1,
      make(random, caller, victim) {
        const headers = random.pick([
          ['If-None-Match: *'],
          ['If-None-Match: "x"', 'Cache-Control: only-if-cached'],
          ['If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT'],
          ['Range: bytes=0-9'],
        ]);
        const route = random.pick(reading);
        const path = `${pathOf(route, victim.books.ids)}${neededQuery(route, victim.books.ids)}`;
        const seen = reading.some(
          (one) => one.method === route.method && !one.url.includes(':') && one.url === route.url,
        );
        return ledger(caller, route.method, path, seen ? [200, 204, 404] : [...notTheirs, 200, 204], { headers });
      },
    },
    {
      threat: 'X-18',
      what: 'idempotency keys of the victim',
      weight: 1,
      make(random, caller, victim) {
        const { path, ids, otherAlias } = caller.books;
        const code = ids.assetCode;
        const key = `${random.pick(victim.idempotencyKeys)}${random.next() < 0.5 ? '' : random.below(50)}`;
        const body = {
          description: 'x',
          send: { asset: code, value: '1', distribute: { to: [leg(otherAlias, code, '1')] } },
        };
        const headers = [`X-Idempotency: ${key}`, 'X-TTL: 3600'];
        return random.next() < 0.5
          ? ledger(caller, 'POST', `${path}/transactions/inflow`, [201], { headers, body })
          : ledger(caller, 'POST', `${victim.books.path}/transactions/inflow`, notTheirs, { headers, body });
      },
    },
    {
      threat: 'X-19',
      what: 'ids of the victim on every route, alone and mixed with its own',
      weight: 4,
      make(random, caller, victim) {
        const route = random.pick(routes.filter(({ url }) => url.includes(':organization_id')));
        // Without a ledger in the path nothing of the victim's might be left in a mixture.
        const all = random.next() < 0.5 || !route.url.includes(':ledger_id');
        const ids = all
          ? victim.books.ids
          : { ...mixed(random, caller.books.ids, victim.books.ids), ledger: victim.books.ids.ledger };
        const body = route.body && route.requestExample;
        // A count or a list of nothing is an answer too.
        const expected = isWriting(route) ? notTheirs : [...notTheirs, 200, 204];
        return ledger(
          caller,
          route.method,
          `${pathOf(route, ids)}${neededQuery(route, ids)}`,
          expected,
          body === undefined ? {} : { body },
        );
      },
    },
    {
      threat: 'X-20',
      what: 'cursors of the victim, and forged ones',
      weight: 2,
      make(random, caller, victim) {
        const cursor = random.pick([
          () => random.pick(victim.cursors),
          () => random.pick(victim.cursors).slice(0, random.below(40)),
          () => Buffer.from(JSON.stringify({ id: victim.books.ids.transaction, direction: 'next' })).toString('base64'),
          () => Buffer.from(JSON.stringify({ id: random.pick(injections), direction: 'prev' })).toString('base64'),
          () =>
            Buffer.from(JSON.stringify({ ledgerId: victim.books.ids.ledger, tenantId: victim.tenant.id })).toString(
              'base64',
            ),
        ])();
        const list = random.pick([
          'transactions',
          'balances',
          'account-types',
          `accounts/${caller.books.ids.account}/operations`,
        ]);
        return ledger(
          caller,
          'GET',
          `${caller.books.path}/${list}?limit=5&cursor=${encodeURIComponent(cursor)}`,
          [200, 400, 404],
        );
      },
    },
    {
      threat: 'X-21',
      what: 'an id of the victim against an id of nothing',
      weight: 2,
      make(random, caller, victim) {
        const route = random.pick(
          reading.filter(({ url, method }) => /:ledger_id\/.*:id$/.test(url) && method === 'GET'),
        );
        const foreign = victim.books.ids;
        const nothing = Object.fromEntries(Object.keys(foreign).map((kind) => [kind, newId()])) as unknown as Ids;
        const own = { organization: caller.books.ids.organization, ledger: caller.books.ids.ledger };
        const ids = { ...(random.next() < 0.5 ? foreign : nothing), ...own };
        const path = pathOf(route, ids);
        return ledger(caller, 'GET', path, [404], {
          judge: sameAnswer(`${caller.name} ${route.url}`, Object.values(ids)),
        });
      },
    },
    {
      threat: 'X-30',
      what: 'operators and prototypes in metadata',
      weight: 2,
      make(random, caller, victim) {
        const nasty = random.pick<unknown>([
          { $where: '1' },
          { $gt: '' },
          { __proto__: { admin: true } },
          ['x'],
          { 'a.b': { c: 1 } },
          '__proto__',
          'constructor',
        ]);
        const key = random.pick([
          '__proto__',
          'constructor',
          'prototype',
          '$where',
          'a.b',
          "a'b",
          '',
          'x'.repeat(200),
          'marker',
        ]);
        const value = typeof nasty === 'string' ? JSON.stringify(nasty) : random.pick([JSON.stringify(nasty), '1e400']);
        const body = `{"name":"x","metadata":{${JSON.stringify(key)}:${value}}}`;
        return random.pick([
          () =>
            ledger(caller, 'PATCH', `${victim.books.path}/accounts/${victim.books.ids.account}`, notTheirs, { body }),
          () =>
            ledger(
              caller,
              'GET',
              `${caller.books.path}/accounts?metadata.${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
              [200, 400, 404],
            ),
          () =>
            ledger(
              caller,
              'GET',
              `${caller.books.path}/accounts?metadata[$ne]=x&metadata.marker=${victim.books.marker}`,
              [200, 400, 404],
            ),
          () =>
            ledger(
              caller,
              'GET',
              `${caller.books.path}/transactions?metadata.marker=${victim.books.marker}`,
              [200, 400, 404],
            ),
          () => ledger(caller, 'POST', `${victim.books.organizationPath}/ledgers`, notTheirs, { body }),
        ])();
      },
    },
    {
      threat: 'X-39',
      what: 'a reader that writes',
      weight: 1,
      make(random, caller, victim) {
        const route = random.pick(routes.filter(isWriting));
        const body = route.body && route.requestExample;
        const { headers } = hintsOf(random, victim);
        return {
          listener: 'ledger',
          method: route.method,
          path: pathOf(route, random.pick([caller, victim]).books.ids),
          token: viewers.get(caller),
          headers,
          ...(body === undefined ? {} : { body }),
          expected: [403],
        };
      },
    },
    {
      threat: 'X-45',
      what: 'doors of debuggers and operators',
      weight: 1,
      make(random, caller) {
        const path = random.pick([
          '/metrics',
          '/debug',
          '/debug/pprof/heap',
          '/json/list',
          '/v1/tenants',
          '/v1/tenants/active',
          '/admin',
          '/env',
          '/actuator/heapdump',
          '/_inspect',
          '/livez',
          '/v1/operations',
          '/.env',
          '/server-status',
          '/graphql',
          '/v1/repl',
          '/v1/directory-changes',
        ]);
        const method = random.pick(['GET', 'POST', 'PUT', 'DELETE']);
        const spelled = random.pick([path, `${path}/`, `${path}?x=${random.below(1e6)}`]);
        return ledger(caller, method, spelled, [404, 405], random.next() < 0.5 ? {} : { token: undefined });
      },
    },
    {
      threat: 'X-46',
      what: 'one request over two tenants',
      weight: 1,
      make(random, caller, victim) {
        const inflow = (books: Books, code: string) => ({
          send: { asset: code, value: '1', distribute: { to: [leg(books.otherAlias, code, '1')] } },
        });
        const { path, ids, otherAlias } = caller.books;
        const both = transfer(ids.assetCode, '1', otherAlias, victim.books.otherAlias);
        const foreign = transfer(victim.books.ids.assetCode, '1', victim.books.ids.alias, otherAlias);
        const entries = [
          both,
          foreign,
          inflow(victim.books, victim.books.ids.assetCode),
          inflow(victim.books, ids.assetCode),
        ];
        return random.pick([
          () =>
            ledger(caller, 'POST', `${path}/transactions/batch`, [422, 404, 400], {
              body: { atomic: true, transactions: [random.pick(entries), both] },
            }),
          () =>
            ledger(caller, 'POST', `${path}/transactions/json`, [422, 404, 400], {
              body: random.pick([both, foreign]),
            }),
          () =>
            ledger(caller, 'POST', `${victim.books.path}/transactions/batch`, notTheirs, {
              body: { transactions: entries.slice(0, 2) },
            }),
          () =>
            ledger(caller, 'POST', `${path}/accounts`, [...notTheirs], {
              body: { assetCode: ids.assetCode, type: 'deposit', parentAccountId: victim.books.ids.account },
            }),
          () =>
            ledger(caller, 'POST', `${path}/accounts`, [...notTheirs], {
              body: { assetCode: ids.assetCode, type: 'deposit', portfolioId: victim.books.ids.portfolio },
            }),
        ])();
      },
    },
    {
      threat: 'X-16',
      what: 'lists of its own at full speed: nothing of a neighbour slips in',
      weight: 1,
      make(random, caller) {
        const route = random.pick(listing);
        const { ids } = caller.books;
        return ledger(caller, 'GET', `${pathOf(route, ids)}${neededQuery(route, ids)}`, [200, 204, 400]);
      },
    },
  ];
}
