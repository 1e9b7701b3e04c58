import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@cofferdam/core';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionSettings } from '../../src/postgres/connection-settings.js';
import type { TenantConfig } from '../../src/tenancy/tenant-config.js';
import { createTenantPools } from '../../src/tenancy/tenant-pools.js';
import { leg } from './support/books.js';
import { runSeed, seeded } from './support/seeded.js';
import { openWorld, type Resident, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const where = 'select current_user as "user", current_database() as database, current_schema() as schema';
const placeOf = ({ store }: Resident) => ({ user: store.username, database: store.database, schema: store.schema });

/** What the resolver would hand to the pools. */
function configOf({ tenant, store }: Resident): TenantConfig {
  const { host, port, database, username: user, password, schema } = store;
  const settings = connectionSettings({ host, port, database, user, password });
  return Object.freeze({
    id: tenant.id as TenantId,
    version: 1,
    slug: tenant.slug,
    status: 'active',
    associationStatus: 'active',
    held: false,
    configVersion: 1,
    schemaVersion: null,
    contractVersion: null,
    store: Object.freeze({
      settings,
      schema,
      connectionsMax: null,
      connectionsIdle: null,
      replicas: [],
      fingerprint: tenant.id,
    }),
  });
}

test('X-13, X-16: 1,000 interleaved requests of four tenants, with refusals and clients that hang up: every answer is of its own tenant', async () => {
  const seed = runSeed();
  const random = seeded(seed);
  const availableTo = async ({ client, books }: Resident) =>
    Number((await client('GET', `${books.path}/accounts/alias/${books.otherAlias}/balances`)).body.items[0].available);
  // With what an earlier try has posted.
  const posted = new Map<string, number>();
  for (const resident of world.residents) posted.set(resident.name, await availableTo(resident));
  const others = (own: Resident) => world.residents.filter((one) => one !== own).map(({ books }) => books.marker);

  const one = async () => {
    const resident = random.pick(world.residents);
    const { client, books, name, token } = resident;
    const kind = random.pick([
      'get',
      'list',
      'post',
      'post',
      'refused',
      'bad',
      'missing',
      'hang-up',
      'hang-up while posting',
    ]);
    await delay(random.below(4));
    const inflow = (value: string) => ({
      description: `${kind} ${random.next()}`,
      send: {
        asset: books.ids.assetCode,
        value,
        distribute: { to: [leg(books.otherAlias, books.ids.assetCode, value)] },
      },
    });
    if (kind.startsWith('hang-up')) {
      const abort = new AbortController();
      const posting = kind !== 'hang-up';
      const sent = fetch(
        `${world.server.running.urls.ledger}${posting ? `${books.path}/transactions/inflow` : `${books.path}/transactions`}`,
        {
          method: posting ? 'POST' : 'GET',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          signal: abort.signal,
          // Refused for certain, so that nobody needs to know whether it arrived.
          ...(posting
            ? {
                body: JSON.stringify({
                  ...inflow('1'),
                  send: {
                    asset: books.ids.assetCode,
                    value: '1',
                    distribute: { to: [leg('@nobody', books.ids.assetCode, '1')] },
                  },
                }),
              }
            : {}),
        },
      ).catch(() => undefined);
      await delay(random.below(5));
      abort.abort();
      await sent;
      return;
    }
    const answer = await {
      get: () => client('GET', `${books.path}/accounts/alias/${books.ids.alias}`),
      list: () => client('GET', `${books.path}/transactions?limit=5`),
      post: () => client('POST', `${books.path}/transactions/inflow`, inflow('1')),
      refused: () =>
        client('POST', `${books.path}/transactions/outflow`, {
          send: {
            asset: books.ids.assetCode,
            value: '1e30',
            source: { from: [leg(books.ids.alias, books.ids.assetCode, '1e30')] },
          },
        }),
      bad: () => client('POST', `${books.path}/transactions/json`, '{"send":'),
      missing: () => client('GET', `${books.path}/accounts/${crypto.randomUUID()}`),
    }[kind as 'get']();
    const what = `seed ${seed}, ${name}, ${kind}: ${answer.text}`;
    for (const marker of others(resident)) expect(answer.text, what).not.toContain(marker);
    expect(answer.status, what).toBe({ get: 200, list: 200, post: 201, refused: 422, bad: 400, missing: 404 }[kind]);
    if (kind === 'get' || kind === 'list') expect(answer.text, what).toContain(books.marker);
    if (kind === 'post') {
      posted.set(name, (posted.get(name) ?? 0) + 1);
      expect(answer.body.operations.map(({ accountAlias }: { accountAlias: string }) => accountAlias)).toContain(
        books.otherAlias,
      );
    }
  };
  for (let sent = 0; sent < 1_000; sent += 40) await Promise.all(Array.from({ length: 40 }, one));

  // Each book holds exactly what its own tenant posted.
  for (const resident of world.residents)
    expect(await availableTo(resident), `seed ${seed}, ${resident.name}`).toBe(posted.get(resident.name));
});

test('X-13, X-15: eviction against rebuilding under a budget of two connections: every connection is the tenant’s own', async () => {
  const seed = runSeed();
  const random = seeded(seed);
  const pools = createTenantPools({
    log: pino({ level: 'silent' }),
    budget: 2,
    poolsMax: 3,
    connectionsMax: 2,
    restMs: 0,
    turnMs: 0,
    graceMs: 200,
  });
  let served = 0;
  let full = 0;
  const visit = async () => {
    const resident = random.pick(world.residents);
    await delay(random.below(20));
    try {
      const pool = await pools.acquire(configOf(resident));
      await delay(random.below(5));
      const client = await pool.pg.connect();
      try {
        if (random.next() < 0.3) await client.query('select 1 / 0').catch(() => {});
        if (random.next() < 0.2)
          await client.query('begin; set local search_path = pg_catalog').then(() => client.query('rollback'));
        await delay(random.below(5));
        expect((await client.query(where)).rows[0], `seed ${seed}`).toEqual(placeOf(resident));
        served += 1;
      } finally {
        client.release();
      }
    } catch (error) {
      // No capacity, or drained between the two steps: an honest 503. Nothing else may happen.
      if (
        (error as { reasonName?: string }).reasonName !== 'tenant_service_unavailable' &&
        !/drain|closed|ended|terminated/i.test(String(error))
      )
        throw error;
      full += 1;
    }
  };
  try {
    for (let round = 0; round < 15; round += 1) await Promise.all(Array.from({ length: 8 }, visit));
  } finally {
    await pools.close(1_000);
  }
  expect(served, `seed ${seed}: ${full} refused`).toBeGreaterThan(30);
});

test('X-16: no state of a module holds anything of a request, and no context is ambient', () => {
  const source = new URL('../../src/', import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('cli/'),
  );
  expect(files.length).toBeGreaterThan(150);
  // A set or map that is filled where it is made is a table; an empty one is there to be filled later.
  const state =
    /^(export )?(let|var) |^(export )?const \w+(?!.*\breadonly\b)[^=]*= (new (Map|Set|WeakMap|WeakSet|LRUCache)\b(<.*>)?\(\)|\[\]|\{\});|^(export )?const .*new (LRUCache|AsyncLocalStorage)|AsyncLocalStorage/;
  const found = files.flatMap((file) =>
    readFileSync(new URL(file, source), 'utf8')
      .split('\n')
      .filter((line) => state.test(line))
      .map((line) => `${file}: ${line}`),
  );
  const known = [
    // Keyed by the store object itself: query builders, no data.
    'access/directory/with-directory.ts: const directories = new WeakMap<AccessStore, Kysely<DirectoryTables>>();',
    // Where a list begins; it is replaced by a longer one, never added to.
    'http/body-findings.ts: const none: BodyProblem[] = [];',
  ];
  expect(found.filter((line) => !known.includes(line))).toEqual([]);
});
