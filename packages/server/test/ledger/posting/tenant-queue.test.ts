import { LedgerError } from '@cofferdam/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
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

afterEach(() => {
  vi.useRealTimers();
});

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
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { add, release } = openQueue({ waitMsMax: 50, waitingMax: 2 });
    const stuck = add();
    await turn();
    const waiting = [add(), add()].map(outcome);
    vi.advanceTimersByTime(60);
    expect(await Promise.all(waiting)).toEqual(['0161', '0161']);
    const late = outcome(add());
    release();
    expect(await Promise.all([outcome(stuck), late])).toEqual(['posted', 'posted']);
  });
});

describe('a queue whose batch is being written', () => {
  it('sends the next one out beside it when it is worth a second connection, and else when it is written', async () => {
    const sizes: number[] = [];
    const ends: (() => void)[] = [];
    const run: BatchRunner = async (_tenant, take, onWriting) => {
      const units = take();
      sizes.push(units.length);
      onWriting();
      await new Promise<void>((resolve) => ends.push(resolve));
      return units.map(() => ({ outcomes: [] }));
    };
    const queue = new TenantQueue(run, { ...defaultQueueLimits, overlapMin: 3 });
    const add = () => queue.add({} as TenantContext, [{}] as unknown as Unit, 0);
    const answers = [add()];
    await turn();
    answers.push(add(), add());
    await turn();
    expect(sizes).toEqual([1]);
    answers.push(add());
    await turn();
    expect(sizes).toEqual([1, 3]);
    answers.push(add());
    ends[0]?.();
    await answers[0];
    await turn();
    expect(sizes).toEqual([1, 3]);
    ends[1]?.();
    await turn();
    await turn();
    expect(sizes).toEqual([1, 3, 1]);
    ends[2]?.();
    await Promise.all(answers);
  });
});
