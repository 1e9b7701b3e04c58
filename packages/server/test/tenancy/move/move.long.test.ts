import type { TenantId } from '@cofferdam/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { physicalName } from '../../../src/tenancy/physical-names.js';
import { asAdmin } from '../../support/cluster.js';
import { run } from '../../support/program.js';
import { type SecondCluster, startSecondCluster } from '../../support/second-cluster.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { asLogin, booksOf, type Load, loginOf, readBooks, startLoad, until } from './support.js';

let first: TestServer;
let second: TestServer;
let load: Load | undefined;
afterEach(() => load?.stop());
let cluster: SecondCluster;
beforeAll(async () => {
  [first, cluster] = await Promise.all([
    startTestServer({ MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' }),
    startSecondCluster(),
  ]);
  second = await first.twin();
  const { host, port, user, password, database } = cluster.admin;
  const added = await first.operate('POST', '/v1/servers', {
    body: { id: 'south', host, port, user, password, database, labels: { region: 'south' } },
  });
  expect(added.status, added.text).toBe(201);
}, 180_000);
afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await cluster?.stop();
});

/** Everything by a tenant's name on both clusters: roles, databases, schemas, publications, slots, subscriptions. */
async function traces(id: string): Promise<string[]> {
  const name = physicalName(id as TenantId);
  const look = async (
    query: (text: string, database?: string) => Promise<{ rows: { what: string }[] }>,
    where: string,
  ) => {
    const all = `select 'role ' || rolname as what from pg_roles where starts_with(rolname, '${name}')
      union all select 'database ' || datname from pg_database where starts_with(datname, '${name}')
      union all select 'slot ' || slot_name from pg_replication_slots where starts_with(slot_name, '${name}') or slot_name like 'pg_%_sync_%'
      union all select 'subscription ' || subname from pg_subscription where starts_with(subname, '${name}')`;
    const inShared = `select 'schema ' || nspname as what from pg_namespace where nspname = '${name}' or nspname = 'ledger'
      union all select 'publication ' || pubname from pg_publication where starts_with(pubname, '${name}')`;
    const shared = first.names.sharedDatabase;
    const found = [...(await query(all)).rows, ...(await query(inShared, shared).catch(() => ({ rows: [] }))).rows];
    return found.map(({ what }) => `${where} ${what.replace(name, 't')}`);
  };
  const here = (text: string, database?: string) => asAdmin((admin) => admin.query(text), database);
  const there = (text: string, database?: string) => cluster.query(text, [], database);
  return [...(await look(here, 'here')), ...(await look(there, 'there'))].sort();
}

const rolesAt = (where: string, runtime: string) =>
  [runtime, 't_migrator', 't_owner'].map((role) => `${where} role ${role}`);

/** `npm test` takes the first three; `npm run test:move` all of them, `TEST_MOVE_ROUNDS` times. */
const ways = [
  { from: 'database', to: 'database', server: 'south', end: 'confirm' },
  { from: 'database', to: 'schema', server: 'south', end: 'revert' },
  { from: 'schema', to: 'database', server: undefined, end: 'confirm' },
  { from: 'schema', to: 'schema', server: 'south', end: 'revert' },
  { from: 'schema', to: 'database', server: 'south', end: 'confirm' },
  { from: 'database', to: 'schema', server: undefined, end: 'revert' },
] as const;
const rounds = Number(process.env['TEST_MOVE_ROUNDS'] ?? 0);
/** Where an ordinary request takes this long no pause says anything of the move; that nothing is lost is shown all the same. */
async function isTooBusy(load: Load): Promise<boolean> {
  const acknowledged = async (count: number) => {
    while (load.acknowledged.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await acknowledged(20);
  load.longestMs();
  await acknowledged(60);
  const ms = load.longestMs();
  if (ms > 400) console.log(`an ordinary request takes ${ms} ms here: the length of the pause is not judged`);
  return ms > 400;
}

const pauses: number[] = [];
afterAll(() => {
  const sorted = pauses.sort((a, b) => a - b);
  if (rounds > 0) console.log(`${sorted.length} pauses: p50 ${sorted[sorted.length >> 1]} ms, max ${sorted.at(-1)} ms`);
});

describe.each(rounds > 0 ? Array.from({ length: rounds }, () => ways).flat() : ways.slice(0, 3))(
  '$from → $to, server $server, then $end',
  ({ from, to, server, end }) => {
    test('every acknowledged transaction is there once, no request fails, writes pause for less than 2 s', async () => {
      await first.operate('PUT', '/v1/servers/south/drain');
      const tenant = await first.createTenant({ isolation: from });
      await first.operate('PUT', '/v1/servers/south/reopen');
      const { token, books } = await booksOf(first, tenant);
      const before = await loginOf(first, tenant.id);
      const made = await readBooks(before);
      load = startLoad([first, second], token, books);
      const isBusy = rounds === 0 && (await isTooBusy(load));
      const started = await first.operate('POST', `/v1/tenants/${tenant.id}/move`, {
        body: { isolation: to, ...(server === undefined ? {} : { server }) },
      });
      expect(started, started.text).toMatchObject({ status: 202, body: { kind: 'tenant.move', state: 'running' } });
      load.longestMs();
      const moved = await until(first, started.body.id, ({ details }) => details.phase === 'await');
      pauses.push(load.longestMs());
      expect(moved.details.compared.rows).toBeGreaterThan(20);
      const after = await loginOf(first, tenant.id);
      expect(after.username).not.toBe(before.username);
      expect(after.port).toBe(server === undefined ? before.port : cluster.admin.port);
      expect(await asLogin(before, (client) => client.query('select'))).toBeUndefined();
      expect((await first.operate('GET', `/v1/tenants/${tenant.id}`)).body.isolation).toBe(to);
      // The old place keeps up with what is written now, and so does the new one.
      for (const count = load.acknowledged.length; load.acknowledged.length < count + 20; )
        await new Promise((resolve) => setTimeout(resolve, 20));
      const decided = await second.operate('POST', `/v1/tenants/${tenant.id}/move/${end}`);
      expect(decided.status, decided.text).toBe(202);
      const ended = await until(first, started.body.id, ({ state }) => state !== 'running');
      // Confirming is no pause.
      if (end === 'revert') pauses.push(load.longestMs());
      expect(ended).toMatchObject({ state: end === 'confirm' ? 'succeeded' : 'cancelled' });
      await load.stop();
      expect(load.failures.filter((failure) => !isBusy || !failure.includes('changing their place'))).toEqual([]);
      const now = await loginOf(first, tenant.id);
      expect(now).toMatchObject(end === 'confirm' ? after : before);
      const own = pauses.slice(end === 'confirm' ? -1 : -2);
      // A request is held for 2 s at most and refused then: none was. The rest is how busy the machine is.
      if (!isBusy) expect(moved.details.pauseMs).toBeLessThan(1_600);
      if (rounds > 0) expect(Math.max(...own), `pauses of ${own} ms`).toBeLessThan(2_000);
      const there = await readBooks(now);
      expect(there.ids).toEqual([...made.ids, ...load.acknowledged].sort());
      expect(there).toMatchObject({ unbalanced: 0, sums: made.sums.map(() => 0) });
      const isThere = end === 'confirm' && server !== undefined;
      const isSchema = (end === 'confirm' ? to : from) === 'schema';
      const where = isThere ? 'there' : 'here';
      expect(await traces(tenant.id)).toEqual(
        [...rolesAt(where, end === 'confirm' ? 't_b' : 't'), `${where} ${isSchema ? 'schema' : 'database'} t`].sort(),
      );
      // What only the migrator may build is built.
      const index = await first.call('POST', '/v1/settings/metadata-indexes/entities/account', {
        token,
        body: { metadataKey: 'marker' },
      });
      expect(index.status, index.text).toBeLessThan(300);
    }, 240_000);
  },
);

test('the command line moves and confirms; what cannot be is refused, with what would be right', async () => {
  await first.operate('PUT', '/v1/servers/south/drain');
  const tenant = await first.createTenant({ isolation: 'database' });
  const path = `/v1/tenants/${tenant.id}`;
  const cofferdam = (...args: string[]) =>
    run(['tenants', ...args, tenant.id, '--json', '--url', first.running.urls.tenants], {
      environment: { TENANT_MANAGER_API_KEY: first.apiKey, MULTI_TENANT_ENABLED: 'true' },
    });
  const moved = await cofferdam('move', '--isolation', 'schema');
  expect(moved, moved.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(moved.stdout)).toMatchObject({
    kind: 'tenant.move',
    state: 'running',
    details: { phase: 'await', from: { isolation: 'database' }, to: { isolation: 'schema', serverId: 'default' } },
  });
  expect(moved.stdout).not.toContain('assword');
  await first.operate('PUT', `${path}/suspend`);
  for (const [method, refused] of [
    ['POST', `${path}/move`],
    ['POST', `${path}/credentials/rotate`],
    ['DELETE', path],
  ] as const) {
    const answer = await first.operate(method, refused, method === 'POST' ? { body: {} } : {});
    // A move without a wish is to where the tenant is.
    const code = refused.endsWith('/move') ? 'TEN-0137' : 'TEN-0121';
    expect(answer, answer.text).toMatchObject({ body: { code } });
  }
  await first.operate('PUT', `${path}/reactivate`);
  const again = await first.operate('POST', `${path}/move`, { body: { isolation: 'database' } });
  expect(again, again.text).toMatchObject({ status: 422, body: { code: 'TEN-0137' } });
  expect(again.body.message).toContain('is on server default already');
  const confirmed = await cofferdam('confirm');
  expect(confirmed, confirmed.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(confirmed.stdout)).toMatchObject({ state: 'succeeded' });
  const nothing = await cofferdam('revert');
  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('is not being moved') });
  const plain = await startSecondCluster({ wal_level: 'replica' });
  try {
    const { host, port, user, password, database } = plain.admin;
    const body = { id: 'plain', host, port, user, password, database };
    expect((await first.operate('POST', '/v1/servers', { body })).status).toBe(201);
    const refused = await first.operate('POST', `${path}/move`, { body: { server: 'plain' } });
    expect(refused).toMatchObject({ status: 422, body: { code: 'TEN-0137' } });
    expect(refused.body.message).toContain('wal_level=replica: set it to logical');
    await first.operate('DELETE', '/v1/servers/plain');
  } finally {
    await plain.stop();
  }
}, 240_000);
