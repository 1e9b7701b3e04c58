import { LedgerError } from '@cofferdam/core';
import type { TenantContext } from '../../postgres/tenant-context.js';
import type { Outcome, Unit, UnitOutcome } from './plan-batch.js';

/** Bounds of one tenant's queue and batches in one process. */
export interface QueueLimits {
  /** Postings waiting at most; more are refused with 503. */
  readonly waitingMax: number;
  /** Bytes of request bodies waiting at most. */
  readonly waitingBytesMax: number;
  /** A unit that has waited longer is refused instead of tried, be the database busy or stuck: its client has given up. */
  readonly waitMsMax: number;
  /** Postings in one batch; a larger unit is a batch of its own. */
  readonly batchMax: number;
  readonly batchBytesMax: number;
  /** Postings for which a batch sets out although the one before is still being written; fewer wait until it is. */
  readonly overlapMin: number;
}

export const defaultQueueLimits: QueueLimits = Object.freeze({
  waitingMax: 10_000,
  waitingBytesMax: 64 * 1024 * 1024,
  waitMsMax: 10_000,
  batchMax: 500,
  batchBytesMax: 8 * 1024 * 1024,
  overlapMin: 64,
});

interface Waiting {
  readonly unit: Unit;
  readonly bytes: number;
  /** Milliseconds of `performance.now()`: waiting is measured by a clock that never jumps. */
  readonly since: number;
  readonly settle: (outcome: UnitOutcome) => void;
}

/**
 * `take` is called once, as late as possible: when there is a connection. What arrived while the batch waited for one is in
 * it, so a tenant that has to share its connections makes fewer and larger batches. `onWriting` is called when the batch
 * needs no more from this process than its outcome: it is planned and sent.
 */
export type BatchRunner = (
  tenant: TenantContext,
  take: () => readonly Unit[],
  onWriting: () => void,
) => Promise<readonly UnitOutcome[]>;

/** One batch is being written while the next one waits for its locks and is planned. */
const runningMax = 2;
/** Units answered in one turn of the event loop: between turns the next batch's rows are read and planned. */
const answeredAtOnce = 8;

/**
 * Commit together: what arrives while a batch is in the database forms the next one. When that has grown large, it sets out as
 * soon as the first is planned and sent (with one connection: when it is written), so that the database works on one while
 * this process plans the other; a small one waits, since a second connection costs both sides more than it saves.
 * Bounded in count, bytes and age. `run` answers one outcome per unit and never throws.
 */
export class TenantQueue {
  readonly #run: BatchRunner;
  readonly #limits: QueueLimits;
  #waiting: Waiting[] = [];
  #postings = 0;
  #bytes = 0;
  #running = 0;
  /** A batch that has not been sent to be written holds back the next. */
  #planning = false;
  #expiry: NodeJS.Timeout | undefined;

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
      this.#startSoon(tenant);
      this.#expireLater();
    });
  }

  /** A batch that waits for its locks or for a lost COMMIT holds back all behind it: they must not wait for ever. */
  #expireLater(): void {
    const oldest = this.#waiting[0];
    if (this.#expiry !== undefined || oldest === undefined) return;
    const ms = Math.max(0, oldest.since + this.#limits.waitMsMax - performance.now());
    this.#expiry = setTimeout(() => {
      this.#expiry = undefined;
      this.#refuseExpired();
      this.#expireLater();
    }, ms + 1).unref();
  }

  #refuseExpired(): void {
    const oldest = performance.now() - this.#limits.waitMsMax;
    const first = this.#waiting.findIndex(({ since }) => since >= oldest);
    for (const waiting of this.#take(first === -1 ? this.#waiting.length : first))
      waiting.settle({ refusal: busy('has been too long for this request') });
  }

  #take(count: number): Waiting[] {
    const taken = this.#waiting.splice(0, count);
    for (const { unit, bytes } of taken) {
      this.#postings -= unit.length;
      this.#bytes -= bytes;
    }
    return taken;
  }

  #startSoon(tenant: TenantContext): void {
    if (this.#planning || this.#running === runningMax || this.#waiting.length === 0) return;
    if (this.#running > 0 && this.#postings < this.#limits.overlapMin) return;
    this.#planning = true;
    this.#running += 1;
    // Requests that were read from their sockets in the same turn go into the batch together.
    setImmediate(() => void this.#work(tenant));
  }

  async #work(tenant: TenantContext): Promise<void> {
    let batch: readonly Waiting[] = [];
    let sent = false;
    const take = () => {
      batch = this.#next();
      return batch.map(({ unit }) => unit);
    };
    const onWriting = () => {
      if (sent) return;
      sent = true;
      this.#planning = false;
      this.#startSoon(tenant);
    };
    let outcomes: readonly UnitOutcome[];
    try {
      outcomes = await this.#run(tenant, take, onWriting);
    } catch (refusal) {
      // A queue must not stand still for ever because of one batch.
      outcomes = batch.map(() => ({ refusal }));
    }
    this.#running -= 1;
    onWriting();
    this.#startSoon(tenant);
    await this.#answer(batch, outcomes);
  }

  async #answer(batch: readonly Waiting[], outcomes: readonly UnitOutcome[]): Promise<void> {
    for (const [i, { settle }] of batch.entries()) {
      if (i % answeredAtOnce === 0 && i > 0) await nextTurn();
      settle(outcomes[i] ?? { refusal: new Error('a unit of a batch was left without an outcome') });
    }
  }

  #next(): Waiting[] {
    this.#refuseExpired();
    const { batchMax, batchBytesMax } = this.#limits;
    let [count, postings, bytes] = [0, 0, 0];
    for (const waiting of this.#waiting) {
      postings += waiting.unit.length;
      bytes += waiting.bytes;
      if (count > 0 && (postings > batchMax || bytes > batchBytesMax)) break;
      count += 1;
    }
    return this.#take(count);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function busy(how: string): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail: `The queue of transactions waiting to be posted ${how}. Nothing was posted; send the request again.`,
    retryAfterSeconds: 1,
  });
}
