import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDatabase } from '../../src/postgres/connection-settings.js';
import { openTenantPool } from '../../src/postgres/pool.js';
import type { TenantPool } from '../../src/postgres/tenant-context.js';
import { createReplicaReads } from '../../src/tenancy/replica-reads.js';
import type { TenantConfig } from '../../src/tenancy/tenant-config.js';
import { createBooks, transfer } from '../isolation/support/books.js';
import { neededQuery, pathOf, routeTable } from '../isolation/support/route-table.js';
import { type SecondCluster, startSecondCluster } from '../support/second-cluster.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let cluster: SecondCluster;
let replica: Awaited<ReturnType<SecondCluster['startReplica']>>;
beforeAll(async () => {
  [server, cluster] = await Promise.all([
    startTestServer({ MULTI_TENANT_ENABLED: 'true', TENANT_RETENTION_DAYS: '0' }),
    startSecondCluster({ synchronous_commit: 'on' }),
  ]);
  replica = await cluster.startReplica();
});
afterAll(async () => {
  await server?.stop();
  await replica?.stop();
  await cluster?.stop();
});

/** How many reads each side has answered. */
async function counts(): Promise<{ primary: number; replica: number }> {
  const { text } = await server.operate('GET', '/metrics');
  const of = (from: string) =>
    Number(new RegExp(`^tenant_replica_reads_total{from="${from}"} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return { primary: of('primary'), replica: of('replica') };
}

test('a primary that does not answer, and a replica that one tenant keeps busy, take no replica away from the others', async () => {
  await cluster.query('create database apart');
  await cluster.query('create table schema_migration ()', [], 'apart');
  const { rows } = await cluster.query('select pg_current_wal_flush_lsn()::text as written');
  const replayed = `select pg_last_wal_replay_lsn() >= '${rows[0].written}' as yes`;
  await expect.poll(async () => (await replica.query(replayed)).rows[0].yes, { timeout: 10_000 }).toBe(true);
  const settings = withDatabase(cluster.admin, 'apart');
  const warnings: object[] = [];
  const log = { info() {}, error() {}, warn: (fields: object) => void warnings.push(fields) };
  const reads = createReplicaReads({ log, connectionsMax: 1, catchUpMs: 2_000 });
  const primary = openTenantPool(settings, { max: 1, applicationName: 'test', searchPath: ['public'] });
  const silent = { pg: { query: () => new Promise(() => {}) } } as unknown as TenantPool;
  const configOf = (id: string) =>
    ({
      id: id as TenantId,
      held: false,
      store: { settings, schema: 'public', fingerprint: id, replicas: [{ host: '127.0.0.1', port: replica.port }] },
    }) as unknown as TenantConfig;
  const [one, other] = [configOf('0a'), configOf('0b')];
  try {
    expect(await reads.choose(one, silent)).toBeUndefined();
    const chosen = await reads.choose(one, primary);
    expect(chosen).toBeDefined();
    expect(warnings).toEqual([]);

    const busy = chosen?.pg.query('select pg_sleep(2)');
    expect(await reads.choose(one, primary)).toBeUndefined();
    expect(await reads.choose(other, primary)).toBeDefined();
    expect(warnings).toHaveLength(1);
    await busy;
  } finally {
    await reads.close(0);
    await primary.drain(0);
  }
});

test('reads come from a streaming replica, never older than what was written; the primary steps in when it lags or is gone', async () => {
  const { port, user, password, database } = cluster.admin;
  const added = await server.operate('POST', '/v1/servers', {
    body: {
      ...{ id: 'replicated', host: '127.0.0.1', port, user, password, database, capacity: 1 },
      replicas: [{ host: '127.0.0.1', port: replica.port }],
    },
  });
  expect(added.status, added.text).toBe(201);
  await server.operate('PUT', '/v1/servers/default/drain');
  const tenant = await server.createTenant();
  const token = await tenant.token();
  const call = (method: string, path: string, body?: unknown) => server.call(method, path, { token, body });
  const books = await createBooks(call);
  expect(await counts()).toEqual({ primary: 0, replica: 0 });

  const path = `/v1/tenants/${tenant.id}/associations/ledger/connections`;
  await server.operate('PATCH', path, { body: { readFrom: 'replica' } });
  /** Until the replica has answered one more: on a busy machine it lags now and then, and the primary does. */
  const untilReplica = async (what: string, read: () => Promise<unknown>) => {
    const { replica: before } = await counts();
    for (const deadline = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      await read();
      if ((await counts()).replica > before) return;
      expect(Date.now(), `no answer of the replica to ${what}`).toBeLessThan(deadline);
    }
  };
  const list = async () => expect((await call('GET', '/v1/organizations')).status).toBe(200);
  await untilReplica('a list', list);

  // Read your writes, by reads that follow at once.
  const writeAndRead = async () => {
    const code = books.ids.assetCode;
    // Alike, they would be one transaction.
    const description = crypto.randomUUID();
    const body = transfer(code, '1', `@external/${code}`, books.ids.alias, { description });
    const posted = await call('POST', `${books.path}/transactions/json`, body);
    expect(posted.status, posted.text).toBe(201);
    const found = await call('GET', `${books.path}/transactions/${posted.body.id}`);
    expect(found.status, found.text).toBe(200);
  };
  for (let count = 0; count < 15; count += 1) await untilReplica('what was just written', writeAndRead);

  // Every route that reads can be answered by a replica: none of them writes.
  const reading = routeTable().filter(({ method, guard }) => ['GET', 'HEAD'].includes(method) && 'permission' in guard);
  expect(reading.length).toBeGreaterThan(30);
  for (const route of reading) {
    const what = `${route.method} ${route.url}`;
    const read = async () => {
      const { status } = await call(route.method, `${pathOf(route, books.ids)}${neededQuery(route, books.ids)}`);
      expect(status, what).toBeLessThan(300);
    };
    await untilReplica(what, read);
  }

  await replica.query('select pg_wal_replay_pause()');
  // It pauses between two records, soon.
  const state = async () => (await replica.query('select pg_get_wal_replay_pause_state() as state')).rows[0].state;
  for (let count = 0; (await state()) !== 'paused'; count += 1) {
    expect(count).toBeLessThan(50);
    await writeAndRead();
  }
  const paused = await counts();
  for (let count = 0; count < 3; count += 1) await writeAndRead();
  expect(await counts()).toEqual({ primary: paused.primary + 3, replica: paused.replica });
  await replica.query('select pg_wal_replay_resume()');

  await replica.stop();
  for (let count = 0; count < 3; count += 1) await writeAndRead();
}, 240_000);
