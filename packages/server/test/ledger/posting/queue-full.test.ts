import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { v7 as newId } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { QueueLimits } from '../../../src/ledger/posting/tenant-queue.js';
import { type Answered, json, leg, openTransactionApi, type TransactionApi } from '../transactions/transaction-api.js';
import { newPoster } from './books.js';

/** What a client of a ledger sees whose database does not get on: the balance that all name is locked by somebody else. */
let api: TransactionApi;
let release: () => Promise<void>;
let posted: () => Promise<number>;

async function openStuck(limits: Partial<QueueLimits>): Promise<void> {
  api = await openTransactionApi({ poster: newPoster({ limits }) });
  await api.books.addAccount('@a', { available: '1000000' });
  await api.books.addAccount('@b');
  const { adminPool } = api.books.store;
  const holder = await adminPool.connect();
  await holder.query('begin');
  await holder.query("select from balance where alias = '@a' for update");
  let held = true;
  release = async () => {
    if (!held) return;
    held = false;
    await holder.query('commit');
    holder.release();
  };
  posted = async () => (await adminPool.query('select count(*)::int as n from transaction')).rows[0].n;
  // One batch waits for the lock; what comes now waits in the queue. Asked outside: a transaction sees the first of its
  // looks at the sessions for ever.
  first = pay();
  const waits = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await expect.poll(async () => (await adminPool.query(waits)).rowCount, { timeout: 10_000, interval: 20 }).toBe(1);
}

let first: Promise<Answered>;
beforeEach(() => {
  release = async () => {};
});
afterEach(async () => {
  await release();
  await first;
  await api.close();
});

const pay = (more = {}): Promise<Answered> =>
  api.post('transactions/json', json('1', [leg('@a', '1')], [leg('@b', '1')], more), { 'x-idempotency': newId() });
const many = (count: number, more = {}) => Array.from({ length: count }, () => pay(more));
const statuses = (answers: readonly Answered[]) => answers.map(({ status }) => status);

function expectToComeBack(answer: Answered): void {
  expect(answer.status).toBe(503);
  expect(answer.body.code).toBe('0161');
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
}

describe('a full queue answers 503 and when to come back, and answers all that it took', () => {
  it('by count', async () => {
    await openStuck({ waitingMax: 20 });
    const taken = many(20);
    // Answered while the database stands still: none of them is kept.
    for (const refused of await Promise.all(many(300))) expectToComeBack(refused);
    const [entry] = (
      await api.post('transactions/batch', { transactions: [json('1', [leg('@a', '1')], [leg('@b', '1')])] })
    ).body.results;
    expect(entry).toMatchObject({ status: 503, error: { code: '0161' } });
    expect(await posted()).toBe(0);
    await release();
    expect(statuses(await Promise.all([first, ...taken]))).toEqual(Array(21).fill(201));
    expect(await posted()).toBe(21);
    expect((await pay()).status).toBe(201);
  });

  it('by bytes, with memory that does not grow by what was refused', async () => {
    await openStuck({ waitingBytesMax: 2_000_000 });
    // Close to 200 kB each, so the tenth still fits.
    const metadata = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`k${i}`, 'x'.repeat(1_990)]));
    const taken = many(10, { metadata });
    for (const refused of await Promise.all(many(2, { metadata }))) expectToComeBack(refused);
    const before = heapUsed();
    for (let round = 0; round < 5; round += 1)
      for (const refused of await Promise.all(many(20, { metadata }))) expectToComeBack(refused);
    expect(heapUsed() - before).toBeLessThan(10_000_000);
    await release();
    expect(statuses(await Promise.all([first, ...taken]))).toEqual(Array(11).fill(201));
    expect(await posted()).toBe(11);
  });

  it('by age: what has waited too long is refused while the database still stands, and leaves nothing behind', async () => {
    await openStuck({ waitMsMax: 1_000 });
    for (const refused of await Promise.all(many(5))) expectToComeBack(refused);
    await release();
    expect(statuses([await first, await pay()])).toEqual([201, 201]);
    expect(await posted()).toBe(2);
  });
});

/** Of what is still in use. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
