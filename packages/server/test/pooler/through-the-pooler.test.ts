import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { connectionSettings } from '../../src/postgres/connection-settings.js';
import { openTenantPool } from '../../src/postgres/pool.js';
import { meetings, openWorld, type Resident, type World } from '../isolation/support/world.js';

/**
 * Whichever way tenants are reached: by themselves in `npm test`, through PgBouncer in transaction mode in
 * scripts/test-pgbouncer.sh. What the walls promise must not depend on it.
 */
const pooler = readConfig({ TENANT_POOLERS: process.env['TEST_TENANT_POOLERS'] }).tenantPoolers;

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.stop());

function poolOf({ store }: Resident) {
  const { host, port, database, username: user, password } = store;
  const through = pooler.get(`${host}:${port}`);
  const settings = connectionSettings({
    host: through?.host ?? host,
    port: through?.port ?? port,
    database,
    user,
    password,
    ...(through === undefined ? {} : { pooler: true }),
  });
  // The last of a thousand waits for all before it.
  const connectTimeoutMs = 120_000;
  const applicationName = 'test of the pooler';
  return openTenantPool(settings, { max: 4, applicationName, searchPath: [store.schema], connectTimeoutMs });
}

const where = `select current_user as "user", current_database() as database, current_schema() as schema,
  current_setting('timezone') as zone, current_setting('datestyle') like 'ISO%' as iso`;

test('X-13: a thousand transactions of four tenants interleaved, with errors and cut connections: each in its own place', async () => {
  const pools = world.residents.map((resident) => ({ resident, pool: poolOf(resident) }));
  try {
    await Promise.all(
      Array.from({ length: 1_000 }, async (_, at) => {
        const { resident, pool } = pools[at % pools.length] as (typeof pools)[number];
        const { store } = resident;
        const expected = {
          user: store.username,
          database: store.database,
          schema: store.schema,
          zone: 'UTC',
          iso: true,
        };
        if (at % 7 === 0) await pool.pg.query('select 1 / 0').catch(() => {});
        if (at % 11 === 0) {
          const client = await pool.pg.connect();
          await client.query('begin; set local search_path = pg_catalog').catch(() => {});
          client.release(at % 22 === 0 || new Error('cut'));
        }
        // Named statements are what a pooler in transaction mode mixes up.
        const { rows } = await pool.pg.query({ name: 'where', text: where });
        expect(rows[0]).toEqual(expected);
      }),
    );
  } finally {
    await Promise.all(pools.map(({ pool }) => pool.drain(1_000)));
  }
});

test('X-12, X-13: a planted search_path and qualified names meet an error through the pooler too', async () => {
  for (const [own, other] of meetings(world.residents)) {
    const pool = poolOf(own);
    try {
      const client = await pool.pg.connect();
      const refusal = async (statement: string) => {
        await client.query('begin');
        const code = await client.query(statement).then(
          () => 'a row',
          (error: pg.DatabaseError) => error.code,
        );
        await client.query('rollback');
        return code;
      };
      const foreign = other.store.schema === 'ledger' ? 'nowhere' : other.store.schema;
      expect(await refusal(`set local search_path = "${foreign}"; select * from organization`)).toBe('42P01');
      if (own.store.database === other.store.database)
        expect(await refusal(`select * from "${other.store.schema}".organization`)).toBe('42501');
      expect(await refusal(`set role "${other.store.username}"`)).toBe('42501');
      client.release();
    } finally {
      await pool.drain(1_000);
    }
    if (own.store.database === other.store.database) continue;
    const stranger = poolOf({
      ...own,
      store: { ...other.store, username: own.store.username, password: own.store.password },
    });
    const answer = await stranger.pg.query('select * from organization').then(
      ({ rowCount }) => `${rowCount} rows`,
      (error: Error) => error.message,
    );
    expect(answer).toMatch(/permission denied|does not exist/);
    await stranger.drain(100);
  }
});
