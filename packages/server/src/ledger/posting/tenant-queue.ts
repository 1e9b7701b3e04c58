import { LedgerError } from '@cofferdam/core';
import type { TenantContext } from '../../postgres/tenant-context.js';
import type { Outcome, Unit, UnitOutcome } from './plan-batch.js';

/** Bounds of one tenant's queue and batches in one process. */
export interface QueueLimits {
  /** Postings waiting at most; more are refused with 503. */
  readonly waitingMax: number;
  /** Bytes of request bodies waiting at most. */
  readonly waitingBytesMax: number;
  /** A unit that has waited longer is refused instead of tried: its client has given up, or will. */
  readonly waitMsMax: number;
  /** Postings in one batch; a larger unit is a batch of its own. */
  readonly batchMax: number;
  readonly batchBytesMax: number;
}

export const defaultQueueLimits: QueueLimits = Object.freeze({
  waitingMax: 10_000,
  waitingBytesMax: 64 * 1024 * 1024,
  waitMsMax: 10_000,
  batchMax: 500,
  batchBytesMax: 8 * 1024 * 1024,
});

interface Waiting {
  readonly unit: Unit;
  readonly bytes: number;
  /** Milliseconds of `performance.now()`: waiting is measured by a clock that never jumps. */
  readonly since: number;
  readonly settle: (outcome: UnitOutcome) => void;
}

export type BatchRunner = (tenant: TenantContext, units: readonly Unit[]) => Promise<readonly UnitOutcome[]>;

/**
 * Commit together: one batch of a tenant is in the database at a time, and all that arrive meanwhile form the next.
 * Bounded in count, bytes and age. `run` answers one outcome per unit and never throws.
 */
export class TenantQueue {
  readonly #run: BatchRunner;
  readonly #limits: QueueLimits;
  #waiting: Waiting[] = [];
  #postings = 0;
  #bytes = 0;
  #busy = false;

  constructor(run: BatchRunner, limits: QueueLimits) {
    this.#run = run;
    this.#limits = limits;
  }

  /** Resolves when the unit's batch has committed or the unit was refused; rejects with the refusal. */
  add(tenant: TenantContext, unit: Unit, bytes: number): Promise<readonly Outcome[]> {
    const { waitingMax, waitingBytesMax } = this.#limits;
    const full = this.#postings + unit.length > waitingMax || this.#bytes + bytes > waitingBytesMax;
    // A unit of any size may enter an empty queue: its own size was limited at the door.
    if (full && this.#postings > 0) return Promise.reject(busy('is full'));
    this.#postings += unit.length;
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        unit,
        bytes,
        since: performance.now(),
        settle: (outcome) => ('refusal' in outcome ? reject(outcome.refusal) : resolve(outcome.outcomes)),
      });
      if (!this.#busy) {
        this.#busy = true;
        // Requests that were read from their sockets in the same turn go into the first batch together.
        setImmediate(() => void this.#work(tenant));
      }
    });
  }

  async #work(tenant: TenantContext): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      if (batch.length === 0) continue;
      const outcomes = await this.#runSafely(tenant, batch);
      batch.forEach(({ settle }, i) => {
        settle(outcomes[i] ?? { refusal: new Error('a unit of a batch was left without an outcome') });
      });
    }
    this.#busy = false;
  }

  /** A queue must not stand still for ever because of one batch. */
  async #runSafely(tenant: TenantContext, batch: readonly Waiting[]): Promise<readonly UnitOutcome[]> {
    try {
      return await this.#run(
        tenant,
        batch.map(({ unit }) => unit),
      );
    } catch (refusal) {
      return batch.map(() => ({ refusal }));
    }
  }

  #next(): Waiting[] {
    const { batchMax, batchBytesMax, waitMsMax } = this.#limits;
    const oldest = performance.now() - waitMsMax;
    const batch: Waiting[] = [];
    let postings = 0;
    let bytes = 0;
    let taken = 0;
    for (const waiting of this.#waiting) {
      if (waiting.since < oldest) {
        waiting.settle({ refusal: busy('has been too long for this request') });
      } else {
        const fits = postings + waiting.unit.length <= batchMax && bytes + waiting.bytes <= batchBytesMax;
        if (batch.length > 0 && !fits) break;
        batch.push(waiting);
        postings += waiting.unit.length;
        bytes += waiting.bytes;
      }
      taken += 1;
      this.#postings -= waiting.unit.length;
      this.#bytes -= waiting.bytes;
    }
    this.#waiting = this.#waiting.slice(taken);
    return batch;
  }
}

function busy(how: string): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail: `The queue of transactions waiting to be posted ${how}. Nothing was posted; send the request again.`,
    retryAfterSeconds: 1,
  });
}
