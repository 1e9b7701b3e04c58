import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { call } from '../support/server.js';
import { signWith, stealSigningKey, takeApart } from './support/real-key.js';
import { isWriting, missingIds, nameOf, neededQuery, pathOf, routeTable } from './support/route-table.js';
import { openWorld, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld(['database', 'schema']);
});
afterAll(() => world.stop());

const routes = routeTable();
const ids = missingIds();

/** Every route with these headers, and what it answered. */
async function answers(headers: Record<string, string>, chosen = routes) {
  const { ledger } = world.server.running.urls;
  return Promise.all(
    chosen.map(async (route) => {
      const body = route.body && route.requestExample;
      const reply = await call(ledger, route.method, `${pathOf(route, ids)}${neededQuery(route, ids)}`, {
        headers,
        body,
      });
      const { code, reason } = reply.body ?? {};
      const challenge = reply.headers.get('www-authenticate');
      return {
        route: nameOf(route),
        status: reply.status,
        ...(route.method !== 'HEAD' && { code, reason }),
        challenge,
      };
    }),
  );
}

const all = (
  answer: { status: number; code: string; reason?: string | undefined; challenge: string | null },
  chosen = routes,
) =>
  chosen.map((route) => {
    const { status, code, reason, challenge } = answer;
    return { route: nameOf(route), status, ...(route.method !== 'HEAD' && { code, reason }), challenge };
  });

test('X-09: every business route says which permission it needs; none is public', () => {
  for (const route of routes) {
    expect(route.guard, nameOf(route)).toHaveProperty('permission');
    const { action } = (route.guard as { permission: { action: string } }).permission;
    expect(action, nameOf(route)).toBe(route.method.toLowerCase());
  }
});

test('X-09: the listener has no path beside the table, the operational ones and the documents', () => {
  const operational = ['/health', '/version', '/readyz', '/openapi.json'];
  const known = new Set([...routes.map(({ url }) => url.replace(/:\w+/g, ':')), ...operational]);
  const app = world.server.running.apps.ledger;
  const served = pathsOf(app?.printRoutes({ commonPrefix: false }) ?? '');
  expect(served.filter((path) => !path.startsWith('/docs') && !known.has(path))).toEqual([]);
  expect(served.length).toBeGreaterThan(30);
});

/** The paths of Fastify's tree of routes, parameters as `:`. */
function pathsOf(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] = /^([│\s]*[├└]── )(\S+)( \(.+\))?$/.exec(line) ?? [];
    if (part === '') return [];
    const depth = indent.length / 4 - 1;
    above.length = depth;
    above.push(part.replace(/:\w+(\|:\w+)*/g, ':'));
    return methods === undefined ? [] : [above.join('')];
  });
}

test('X-09: every route without a token: 401/0041', async () => {
  expect(await answers({})).toEqual(all({ status: 401, code: '0041', reason: 'MISSING_TOKEN', challenge: 'Bearer' }));
});

test('X-09: every route with a bad token: 401/0042', async () => {
  expect(await answers({ authorization: 'Bearer not.a.token' })).toEqual(
    all({ status: 401, code: '0042', reason: 'INVALID_TOKEN', challenge: 'Bearer error="invalid_token"' }),
  );
});

test('X-09: every route with a well-signed token that names no tenant: 401/0042, never a default tenant', async () => {
  const { tenantId, tenantSlug, ...claims } = takeApart(world.residents[0]?.token as string).claims;
  const authorization = `Bearer ${await signWith(await stealSigningKey(world.server), claims)}`;
  expect(await answers({ authorization })).toEqual(
    all({ status: 401, code: '0042', reason: 'MISSING_TENANT', challenge: 'Bearer error="invalid_token"' }),
  );
});

test('X-09: every writing route with a viewer’s token: 403/0043; a contributor may all but delete', async () => {
  const { server } = world;
  const bearer = async (role: 'viewer' | 'contributor') => ({
    authorization: `Bearer ${await (await server.createTenant({ isolation: 'schema', role })).token()}`,
  });
  const writing = routes.filter(isWriting);
  expect(await answers(await bearer('viewer'), writing)).toEqual(
    all({ status: 403, code: '0043', reason: undefined, challenge: null }, writing),
  );
  const contributor = await answers(await bearer('contributor'), writing);
  expect(contributor.filter(({ status }) => status === 403).map(({ route }) => route)).toEqual(
    writing.filter(({ method }) => method === 'DELETE').map(nameOf),
  );
});

test('X-09: what needs no token is a short list, matched exactly', async () => {
  const open = async (path: string) => (await world.server.call('GET', path)).status;
  for (const path of ['/health', '/version', '/readyz', '/openapi.json', '/docs'])
    expect(await open(path), path).toBeLessThan(400);
  for (const path of [
    '/metrics',
    '/livez',
    '/v1/tenants',
    '/debug',
    '/health/../v1/organizations',
    '/health/x',
    '/HEALTH',
  ])
    expect(await open(path), path).toBeGreaterThanOrEqual(401);
});

test('X-09: spellings of a guarded path are guarded, or no path at all', async () => {
  for (const path of [
    '/v1//organizations',
    '//v1/organizations',
    '/v1/organizations/',
    '/v1/Organizations',
    '/v1/%6frganizations',
    '/v1/./organizations',
    '/health/%2e%2e/v1/organizations',
    '/v1/organizations;x',
    '/v1/organizations?health',
    '/v1/organizations%3f',
  ]) {
    const { status, text } = await world.server.call('GET', path);
    expect([401, 404, 400], path).toContain(status);
    expect(text).not.toContain(world.residents[0]?.books.marker);
  }
});

test('X-09: multi-tenant without authentication does not start', () => {
  const base = { MULTI_TENANT_ENABLED: 'true' };
  expect(() => readConfig({ ...base, PLUGIN_AUTH_ENABLED: 'false' })).toThrow(/PLUGIN_AUTH_ENABLED/);
  expect(() => readConfig({ ...base, PLUGIN_AUTH_ADDRESS: '' })).toThrow(/PLUGIN_AUTH_ADDRESS/);
});
