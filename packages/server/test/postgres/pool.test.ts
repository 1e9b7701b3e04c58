import fc from 'fast-check';
import { sql } from 'kysely';
import { isLosslessNumber, stringify } from 'lossless-json';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isConnectionLost } from '../../src/postgres/pg-errors.js';
import { type DrainableTenantPool, openPool, openTenantPool } from '../../src/postgres/pool.js';
import { createScratchDatabase, type ScratchDatabase } from '../support/cluster.js';

let scratch: ScratchDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  scratch = await createScratchDatabase();
  pool = openPool(scratch.settings, {
    max: 2,
    applicationName: 'pool-test',
    searchPath: ['one', 'two'],
    statementTimeoutMs: 5_000,
  });
});
afterAll(async () => {
  await pool.end();
  await scratch.drop();
});

const openTenant = (): DrainableTenantPool =>
  openTenantPool(scratch.settings, { max: 2, applicationName: 'tenant-test' });

async function readBack(expression: string, value?: unknown): Promise<unknown> {
  const { rows } = await pool.query<{ value: unknown }>(
    `select ${expression} as value`,
    value === undefined ? [] : [value],
  );
  return rows[0]?.value;
}

test('sessions start with the settings given', async () => {
  expect(await readBack(`current_setting('search_path')`)).toBe('"one","two"');
  expect(await readBack(`current_setting('statement_timeout')`)).toBe('5s');
  expect(await readBack(`current_setting('timezone')`)).toBe('UTC');
  expect(await readBack(`current_setting('application_name')`)).toBe('pool-test');
});

test('values keep every digit', async () => {
  expect(await readBack(`'12345678901234567890.12345678901234567890'::numeric`)).toBe(
    '12345678901234567890.12345678901234567890',
  );
  expect(await readBack(`array[1.10, null, 2]::numeric[]`)).toEqual(['1.10', null, '2']);
  expect(await readBack(`9007199254740991::int8`)).toBe(9007199254740991);
  expect(await readBack(`array[1, 2]::int8[]`)).toEqual([1, 2]);
  await expect(readBack(`9007199254740993::int8`)).rejects.toThrow('does not fit');
  expect(await readBack(`'{0AF3B8D0-0000-4000-8000-000000000001}'::uuid`)).toBe('0af3b8d0-0000-4000-8000-000000000001');
  expect(await readBack(`'\\x00ff'::bytea`)).toEqual(Buffer.from([0, 255]));
  const json = `{"a": 1.10, "b": 12345678901234567890, "c": 7, "d": [null, "1.10"]}`;
  const read = (await readBack(`'${json}'::jsonb`)) as { a: unknown; c: unknown };
  expect(isLosslessNumber(read.a)).toBe(true);
  expect(read.c).toBe(7);
  expect(stringify(read)).toBe('{"a":1.10,"b":12345678901234567890,"c":7,"d":[null,"1.10"]}');
});

test('timestamps are RFC 3339 in UTC and come back as the same instant', async () => {
  expect(await readBack(`'2026-01-31 12:00:00+00'::timestamptz`)).toBe('2026-01-31T12:00:00.000Z');
  expect(await readBack(`'2026-01-31 12:00:00.1234+02'::timestamptz`)).toBe('2026-01-31T10:00:00.123400Z');
  expect(await readBack(`'infinity'::timestamptz`)).toBe('infinity');
  expect(await readBack(`array['2026-01-31 12:00:00.5+00'::timestamptz]`)).toEqual(['2026-01-31T12:00:00.500Z']);
  const micros = fc.bigInt({ min: -30_000_000_000_000_000n, max: 200_000_000_000_000_000n });
  await fc.assert(
    fc.asyncProperty(micros, async (value) => {
      const epoch = `'epoch'::timestamptz + $1::int8 * interval '1 microsecond'`;
      const { rows } = await pool.query<{ text: string }>(`select ${epoch} as text`, [String(value)]);
      const text = rows[0]?.text ?? '';
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3}|\d{6})Z$/);
      const back = await pool.query<{ same: boolean }>(`select $2::timestamptz = ${epoch} as same`, [
        String(value),
        text,
      ]);
      expect(back.rows[0]?.same).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('a connection cut while lent out rejects its query and harms nobody else', async () => {
  const errors: Error[] = [];
  const own = openPool(scratch.settings, { max: 2, applicationName: 'cut', onError: (error) => errors.push(error) });
  const client = await own.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  const failure = await client.query('select 1').catch((error: unknown) => error);
  expect(isConnectionLost(failure), String(failure)).toBe(true);
  client.release(true);
  expect((await own.query('select 1 as one')).rows).toEqual([{ one: 1 }]);

  // Now an idle one: the pool reports it and goes on.
  const idle = await own.query<{ pid: number }>('select pg_backend_pid() as pid');
  await pool.query('select pg_terminate_backend($1)', [idle.rows[0]?.pid]);
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  expect((await own.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await own.end();
});

test('drain: running transactions finish, new ones are refused', async () => {
  const tenant = openTenant();
  let proceed = () => {};
  const gate = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const transaction = tenant.db.transaction().execute(async (tx) => {
    await sql`select 1`.execute(tx);
    started();
    await gate;
    return (await sql<{ two: number }>`select 2 as two`.execute(tx)).rows[0]?.two;
  });
  await running;
  const drained = tenant.drain(5_000);
  expect(() => tenant.pg).toThrow(expect.objectContaining({ reasonName: 'tenant_service_unavailable' }));
  await expect(sql`select 1`.execute(tenant.db)).rejects.toMatchObject({ reasonName: 'tenant_service_unavailable' });
  proceed();
  expect(await transaction).toBe(2);
  await drained;
  await tenant.drain(0);
});

test('drain: what outlasts the grace is cut', async () => {
  const tenant = openTenant();
  const slow = tenant.pg.query('select pg_sleep(20)').catch((error: unknown) => error);
  await expect.poll(async () => (await activity()).length).toBe(1);
  const before = performance.now();
  await tenant.drain(100);
  expect(performance.now() - before).toBeLessThan(3_000);
  expect(isConnectionLost(await slow)).toBe(true);
  // And the server gives the statement up, with its locks.
  await expect.poll(async () => (await activity()).length, { timeout: 10_000 }).toBe(0);
});

async function activity() {
  return (await pool.query(`select from pg_stat_activity where application_name = 'tenant-test' and state = 'active'`))
    .rows;
}
