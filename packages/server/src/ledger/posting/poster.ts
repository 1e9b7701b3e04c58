import { checkCommand } from '@cofferdam/core';
import type { TenantContext, TenantPool } from '../../postgres/tenant-context.js';
import { KeySweeper } from './key-sweeper.js';
import type { Outcome, Unit } from './plan-batch.js';
import type { BatchOptions } from './post-batch.js';
import type { Posted, Posting } from './posting-types.js';
import { readReplayed } from './read-replayed.js';
import { createBatchRunner, type PostingLog } from './settle-batch.js';
import { type BatchRunner, defaultQueueLimits, type QueueLimits, TenantQueue } from './tenant-queue.js';

/** `newId` gives UUIDv7. */
export interface PosterOptions extends BatchOptions {
  readonly log: PostingLog;
  readonly limits?: Partial<QueueLimits>;
  /** Called after each batch. Must not throw. */
  readonly onBatch?: (batch: BatchReport) => void;
}

/** What became of one batch, for metrics and traces. */
export interface BatchReport {
  readonly tenantId: string | undefined;
  readonly transactions: number;
  /** `Date.now()` */
  readonly startedAt: number;
  readonly ms: number;
}

/** One entry of a batch: what it became, or why it was refused. */
export type BatchEntry = { readonly posted: Posted } | { readonly refusal: unknown };

/** The one way by which anything moves a balance. */
export interface Poster {
  /**
   * Posts one thing durably: when it resolves, the commit has happened. Rejects with the LedgerError of the refusal.
   * `bytes`: size of the request body, for the queue's bounds.
   */
  post(tenant: TenantContext, posting: Posting, bytes?: number): Promise<Posted>;
  /** Posts many; each entry stands for itself. One answer per posting, in order. */
  postEach(tenant: TenantContext, postings: readonly Posting[], bytes?: number): Promise<readonly BatchEntry[]>;
  /** All or nothing, in order: rejects with the first refusal, and then nothing has been posted. */
  postTogether(tenant: TenantContext, postings: readonly Posting[], bytes?: number): Promise<readonly Posted[]>;
}

/** A poster keeps one queue per tenant store; create one per process. */
export function createPoster(options: PosterOptions): Poster {
  const limits = { ...defaultQueueLimits, ...options.limits };
  const run = reported(createBatchRunner(options), options.onBatch);
  const sweeper = new KeySweeper(options);
  // By pool, which is the store itself: two stores can never share a queue, whatever their contexts say.
  const queues = new WeakMap<TenantPool, TenantQueue>();

  const enqueue = async (tenant: TenantContext, unit: Unit, bytes: number): Promise<readonly Posted[]> => {
    for (const posting of unit) if (posting.kind === 'create') checkCommand(posting.command, options.now());
    let queue = queues.get(tenant.pool);
    if (queue === undefined) {
      queue = new TenantQueue(run, limits);
      queues.set(tenant.pool, queue);
    }
    const outcomes: readonly Outcome[] = await queue.add(tenant, unit, bytes);
    sweeper.touch(tenant);
    return outcomes.every(isPosted) ? outcomes : readReplayed(tenant, outcomes);
  };

  return {
    async post(tenant, posting, bytes = 0) {
      const [posted] = await enqueue(tenant, [posting], bytes);
      if (posted === undefined) throw new Error('a posting was answered with nothing');
      return posted;
    },
    async postEach(tenant, postings, bytes = 0) {
      const share = Math.ceil(bytes / Math.max(postings.length, 1));
      return Promise.all(
        postings.map((posting) =>
          enqueue(tenant, [posting], share).then(
            ([posted]): BatchEntry =>
              posted === undefined ? { refusal: new Error('a posting was answered with nothing') } : { posted },
            (refusal: unknown): BatchEntry => ({ refusal }),
          ),
        ),
      );
    },
    postTogether(tenant, postings, bytes = 0) {
      return postings.length === 0 ? Promise.resolve([]) : enqueue(tenant, postings, bytes);
    },
  };
}

function reported(run: BatchRunner, onBatch: PosterOptions['onBatch']): BatchRunner {
  if (onBatch === undefined) return run;
  return async (tenant, take, onWriting) => {
    const startedAt = Date.now();
    const since = performance.now();
    const outcomes = await run(tenant, take, onWriting);
    const transactions = outcomes.reduce((sum, each) => sum + ('outcomes' in each ? each.outcomes.length : 0), 0);
    if (transactions > 0)
      onBatch({ tenantId: tenant.tenantId, transactions, startedAt, ms: performance.now() - since });
    return outcomes;
  };
}

function isPosted(outcome: Outcome): outcome is Posted {
  return 'transaction' in outcome;
}
