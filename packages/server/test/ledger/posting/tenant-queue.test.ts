import { LedgerError } from '@cofferdam/core';
import { describe, expect, it } from 'vitest';
import type { Unit, UnitOutcome } from '../../../src/ledger/posting/plan-batch.js';
import {
  type BatchRunner,
  defaultQueueLimits,
  type QueueLimits,
  TenantQueue,
} from '../../../src/ledger/posting/tenant-queue.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';

/** The queue alone, with a database that takes as long as the test says: what PostgreSQL does is tested elsewhere. */
function openQueue(limits: Partial<QueueLimits>) {
  const batches: number[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const run: BatchRunner = async (_tenant, take): Promise<UnitOutcome[]> => {
    const units = take();
    batches.push(units.length);
    await held;
    return units.map(() => ({ outcomes: [] }));
  };
  const queue = new TenantQueue(run, { ...defaultQueueLimits, ...limits });
  const add = (bytes = 0, postings = 1) => queue.add({} as TenantContext, Array(postings).fill({}) as Unit, bytes);
  return { add, batches, release };
}

const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'posted',
    (error: unknown) => {
      if (!(error instanceof LedgerError)) throw error;
      expect(error.info.retryAfterSeconds).toBeGreaterThan(0);
      return error.code;
    },
  );
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a queue whose batch is stuck in the database', () => {
  it('keeps as many as it may and refuses the rest at once', async () => {
    const { add, batches, release } = openQueue({ waitingMax: 3 });
    const stuck = add();
    await turn();
    const waiting = [add(), add(), add()].map(outcome);
    expect(await Promise.all(Array.from({ length: 1_000 }, () => outcome(add())))).toEqual(Array(1_000).fill('0161'));
    release();
    expect(await Promise.all([outcome(stuck), ...waiting])).toEqual(Array(4).fill('posted'));
    expect(batches).toEqual([1, 3]);
  });

  it('keeps as many bytes as it may', async () => {
    const { add, batches, release } = openQueue({ waitingBytesMax: 100, batchBytesMax: 60 });
    const stuck = add(1_000);
    await turn();
    const waiting = [add(50), add(50)].map(outcome);
    expect(await outcome(add(1))).toBe('0161');
    release();
    expect(await Promise.all([outcome(stuck), ...waiting])).toEqual(Array(3).fill('posted'));
    expect(batches).toEqual([1, 1, 1]);
  });

  it('refuses what has waited too long while it is still stuck, and has room again', async () => {
    const { add, release } = openQueue({ waitMsMax: 50, waitingMax: 2 });
    const stuck = add();
    await turn();
    expect(await Promise.all([add(), add()].map(outcome))).toEqual(['0161', '0161']);
    const late = outcome(add());
    release();
    expect(await Promise.all([outcome(stuck), late])).toEqual(['posted', 'posted']);
  });
});
