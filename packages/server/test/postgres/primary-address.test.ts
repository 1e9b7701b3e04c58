import { expect, test } from 'vitest';
import { connectionSettings } from '../../src/postgres/connection-settings.js';
import { findPrimary } from '../../src/postgres/find-primary.js';
import { isConnectionLost } from '../../src/postgres/pg-errors.js';
import { openClient, openPool } from '../../src/postgres/pool.js';
import { PrimaryAddress } from '../../src/postgres/primary-address.js';
import { adminSettings } from '../support/cluster.js';

const a = { host: 'a', port: 1 };
const b = { host: 'b', port: 2 };

test('an address that failed is passed over once, whoever reports it; a primary of an earlier timeline is none', () => {
  const addresses = new PrimaryAddress([a, b]);
  const [first, second] = addresses.all as [typeof a, typeof b];
  expect(addresses.current).toBe(first);
  // Ten connections broke at the same moment.
  for (let i = 0; i < 10; i += 1) addresses.passOver(first);
  expect(addresses.current).toBe(second);
  expect(addresses.accepts(null)).toBe(false);
  expect(addresses.accepts('0000000A')).toBe(true);
  expect(addresses.accepts('00000009')).toBe(false);
  addresses.passOver(second);
  expect(addresses.current).toBe(first);
});

test('the first use asks all: an old primary that came back is not taken for the promoted one', async () => {
  const addresses = new PrimaryAddress([a, b]);
  expect(await addresses.survey(async () => undefined)).toBe(false);
  expect(await addresses.survey(async ({ host }) => (host === 'a' ? '00000001' : '00000002'))).toBe(true);
  expect(addresses.current).toEqual(b);
  expect(addresses.accepts('00000001')).toBe(false);
});

test('the first address does not answer: a start finds the primary behind the second, and every pool knows it', async () => {
  const dead = { host: '127.0.0.1', port: 1 };
  const { host, port } = adminSettings();
  const addresses = new PrimaryAddress([dead, { host, port }]);
  const settings = connectionSettings({ ...adminSettings(), addresses });
  const options = { max: 2, applicationName: 'primary-test' };
  await findPrimary(settings);
  expect(addresses.current).toEqual({ host, port });
  // As after a failure of the primary that is over: the next address is tried, and passed over.
  addresses.passOver(addresses.current);
  const pool = openPool(settings, options);
  const failure = await pool.query('select 1').catch((error: unknown) => error);
  expect(isConnectionLost(failure), String(failure)).toBe(true);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await pool.end();

  // Left behind by a promotion that this process has seen: no connection, though it answers.
  addresses.accepts('FFFFFFFF');
  const client = openClient(settings, options);
  const refused = await client.connect().catch((error: unknown) => error);
  expect(String(refused)).toMatch(/left behind by a promotion/);
  expect(isConnectionLost(refused)).toBe(true);
  expect(addresses.current).toEqual(dead);
});
