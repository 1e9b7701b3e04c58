import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  isConnectionLost,
  isDataError,
  isLockTimeout,
  isPermissionDenied,
  isRetryable,
  isStatementCancelled,
  isUniqueViolation,
  sqlState,
  violatedConstraint,
} from '../../src/postgres/pg-errors.js';
import { openPool } from '../../src/postgres/pool.js';
import { createScratchDatabase, type ScratchDatabase } from '../support/cluster.js';

let scratch: ScratchDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  scratch = await createScratchDatabase();
  pool = openPool(scratch.settings, { max: 3, applicationName: 'pg-errors-test' });
  await pool.query(`create table t (id int constraint t_once primary key, v int constraint t_positive check (v > 0));
    insert into t values (1, 1), (2, 1)`);
});
afterAll(async () => {
  await pool.end();
  await scratch.drop();
});

const failure = (sql: string) =>
  pool.query(sql).then(
    () => undefined,
    (error: unknown) => error,
  );

test('violations carry their constraint', async () => {
  const twice = await failure('insert into t values (1, 1)');
  expect(isUniqueViolation(twice)).toBe(true);
  expect(isUniqueViolation(twice, 't_once')).toBe(true);
  expect(isUniqueViolation(twice, 'another')).toBe(false);
  const negative = await failure('insert into t values (9, -1)');
  expect(violatedConstraint(negative)).toBe('t_positive');
  expect([twice, negative].map(isDataError)).toEqual([true, true]);
  expect([twice, negative].map(isRetryable)).toEqual([false, false]);
});

test('a deadlock is retryable', async () => {
  const [one, two] = [await pool.connect(), await pool.connect()];
  await one.query(`begin; set local deadlock_timeout = '10ms'; update t set v = 2 where id = 1`);
  await two.query(`begin; update t set v = 2 where id = 2`);
  const results = await Promise.allSettled([
    one.query('update t set v = 3 where id = 2').finally(() => one.query('rollback')),
    two.query('update t set v = 3 where id = 1').finally(() => two.query('rollback')),
  ]);
  one.release();
  two.release();
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused).toHaveLength(1);
  expect(isRetryable(refused[0]?.reason)).toBe(true);
});

test('permission, lock timeout and statement timeout', async () => {
  expect(isPermissionDenied(await failure(`do $$ begin raise insufficient_privilege; end $$`))).toBe(true);
  expect(isStatementCancelled(await failure(`set statement_timeout = 10; select pg_sleep(5)`))).toBe(true);
  const holder = await pool.connect();
  await holder.query('begin; lock table t');
  expect(isLockTimeout(await failure(`set lock_timeout = 10; select from t`))).toBe(true);
  await holder.query('rollback');
  holder.release();
});

test('lost connections, as server and network report them', async () => {
  expect(isConnectionLost(await failure('select pg_terminate_backend(pg_backend_pid())'))).toBe(true);
  const nobody = new pg.Client({ ...scratch.settings, host: '127.0.0.1', port: 1 });
  expect(isConnectionLost(await nobody.connect().catch((error: unknown) => error))).toBe(true);
  const pipe = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  expect(sqlState(pipe)).toBeUndefined();
  expect(isConnectionLost(pipe)).toBe(true);
  for (const other of [undefined, null, 'text', new Error('x'), await failure('select 1/0')])
    expect(isConnectionLost(other)).toBe(false);
});
