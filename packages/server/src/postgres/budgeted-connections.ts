import { LedgerError } from '@cofferdam/core';
import type pg from 'pg';
import type { ConnectionBudget, Slot, SlotOwner } from './connection-budget.js';
import type { ConnectionSettings } from './connection-settings.js';
import { destroy, ended } from './end-client.js';
import { openClient, type PoolOptions } from './pool.js';

export interface BudgetedPoolOptions extends Omit<PoolOptions, 'idleTimeoutMs'> {
  readonly budget: ConnectionBudget;
  /** Run on every new connection before anybody is given it; throws when it is not where it should be. */
  readonly verify: (client: pg.Client) => Promise<void>;
  /** Idle connections above this many are closed after 10 s; default: they stay while the budget allows it. */
  readonly idleMax?: number;
  /** Callers wait this long for a connection, then get 503. Default 10 s, as in the posting queue. */
  readonly waitMs?: number;
  /** Callers waiting at the same time at most. Default 10,000. */
  readonly waitingMax?: number;
  readonly onOpened?: () => void;
  readonly onOpenFailed?: (error: unknown) => void;
  /** How long a caller waited for a connection that was not there at once. */
  readonly onWaited?: (ms: number) => void;
}

interface OpenSlot extends Slot {
  readonly client: pg.PoolClient;
  broken: boolean;
}

interface Waiter {
  readonly since: number;
  readonly give: (slot: OpenSlot) => void;
  readonly refuse: (error: unknown) => void;
}

const failureMsMax = 1_000;
const surplusMs = 10_000;

/** Lends the connections of one login, and waits in the budget's line for more. Its face towards callers is `budgeted-pool.ts`. */
export class BudgetedConnections implements SlotOwner {
  readonly slots = new Set<OpenSlot>();
  /** Used last, lent first: what is not needed grows old and is closed. */
  readonly idle: OpenSlot[] = [];
  readonly waiters = new Set<Waiter>();
  opening = 0;
  readonly #settings: ConnectionSettings;
  readonly #options: BudgetedPoolOptions;
  readonly #budget: ConnectionBudget;
  readonly #closing = new Set<pg.Client>();
  #draining: Promise<void> | undefined;
  #trimming: NodeJS.Timeout | undefined;
  #failure: { readonly until: number; readonly delayMs: number; readonly error: LedgerError } | undefined;

  constructor(settings: ConnectionSettings, options: BudgetedPoolOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#budget = options.budget;
  }

  get max(): number {
    return this.#options.max;
  }

  get held(): number {
    return this.slots.size + this.opening;
  }

  get isWaiting(): boolean {
    return this.waiters.size > 0;
  }

  get isDraining(): boolean {
    return this.#draining !== undefined;
  }

  refuseWhenDraining(): void {
    if (this.#draining !== undefined)
      throw refusal('The connections of this tenant are being closed or replaced; try again.', 1, 'pool is draining');
  }

  async connect(): Promise<pg.PoolClient> {
    return (await this.lend()).client;
  }

  /** As `pg.Pool#query`: one statement on any connection. */
  async query(...args: Parameters<pg.Client['query']>): Promise<unknown> {
    const slot = await this.lend();
    try {
      return await (slot.client.query as (...all: unknown[]) => Promise<unknown>)(...args);
    } finally {
      this.release(slot);
    }
  }

  lend(): Promise<OpenSlot> {
    const slot = this.idle.pop();
    if (slot !== undefined && this.#draining === undefined) {
      this.#budget.take(slot);
      return Promise.resolve(this.#lent(slot));
    }
    return new Promise((resolve, reject) => {
      this.refuseWhenDraining();
      const failure = this.slots.size === 0 ? this.#failure : undefined;
      if (failure !== undefined && performance.now() < failure.until) throw failure.error;
      if (this.waiters.size >= (this.#options.waitingMax ?? 10_000))
        throw this.#noCapacity('too many requests wait for a connection already');
      const since = performance.now();
      const waiter: Waiter = {
        since,
        give: (given) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          this.#options.onWaited?.(performance.now() - since);
          resolve(given);
        },
        refuse: (error) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          if (this.waiters.size === 0) this.#budget.leave(this);
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiter.refuse(this.#noCapacity('no connection became free in time')),
        this.#options.waitMs ?? 10_000,
      );
      this.waiters.add(waiter);
      this.#budget.want(this);
    });
  }

  release(slot: OpenSlot, broken: unknown = false): void {
    // Whoever returns it in the middle of a transaction has left locks and changes on it: nobody inherits them.
    const clean = slot.client.getTransactionStatus() === 'I';
    if (broken || slot.broken || !clean || (this.waiters.size > 0 && this.#budget.mustYield(slot))) this.#close(slot);
    else this.#pass(slot);
  }

  /** To who waits longest, or to rest. */
  #pass(slot: OpenSlot): void {
    const [next] = this.waiters;
    if (next !== undefined) {
      next.give(this.#lent(slot));
    } else if (this.#draining !== undefined) {
      this.#close(slot);
    } else {
      this.idle.push(slot);
      this.#budget.rest(slot);
      this.#trimLater();
    }
  }

  /** The one that has been idle for longest goes first. */
  #trimLater(): void {
    const { idleMax } = this.#options;
    if (idleMax === undefined || this.idle.length <= idleMax || this.#trimming !== undefined) return;
    this.#trimming = setTimeout(() => {
      this.#trimming = undefined;
      const [oldest] = this.idle;
      if (oldest === undefined || this.idle.length <= idleMax) return;
      if (performance.now() - oldest.idleSince >= surplusMs) this.#close(oldest);
      this.#trimLater();
    }, surplusMs).unref();
  }

  open(): void {
    this.opening += 1;
    void this.#open();
  }

  close(slot: Slot): void {
    this.#close(slot as OpenSlot);
  }

  drain(graceMs: number): Promise<void> {
    this.#draining ??= this.#drain(graceMs);
    return this.#draining;
  }

  /** Each lending has a `release` of its own, so that a second call cannot return what was lent to somebody else since. */
  #lent(slot: OpenSlot): OpenSlot {
    let released = false;
    slot.client.release = (error?: Error | boolean) => {
      if (released) throw new Error('a connection was returned twice');
      released = true;
      this.release(slot, error);
    };
    return slot;
  }

  async #open(): Promise<void> {
    const { connectTimeoutMs = 5_000 } = this.#options;
    const since = performance.now();
    const client = openClient(this.#settings, {
      ...this.#options,
      pipeline: true,
      idleInTransactionTimeoutMs: 60_000,
      connectTimeoutMs,
      onError: (error) => this.#broke(client, error),
    });
    const cut = setTimeout(() => destroy(client), connectTimeoutMs * 2);
    try {
      await client.connect();
      await this.#options.verify(client);
    } catch (error) {
      await ended(client);
      this.opening -= 1;
      this.#budget.closed(true);
      this.#openFailed(error);
      return;
    } finally {
      clearTimeout(cut);
    }
    this.opening -= 1;
    this.#failure = undefined;
    const now = performance.now();
    const slot: OpenSlot = {
      owner: this,
      client: client as pg.PoolClient,
      openedAt: now,
      idleSince: now,
      broken: false,
    };
    this.slots.add(slot);
    this.#options.onOpened?.();
    this.#budget.opened(now - since);
    // Somebody is served before it may have to go again, however short the turns.
    this.#pass(slot);
    this.#budget.want(this);
  }

  #openFailed(error: unknown): void {
    this.#options.onOpenFailed?.(error);
    // Others are open: whoever waits gets one of those.
    if (this.slots.size > 0) return;
    const delayMs = Math.min((this.#failure?.delayMs ?? 50) * 2, failureMsMax);
    const refused = refusal('The store of this tenant cannot be reached at the moment; try again.', 1, error);
    this.#failure = { until: performance.now() + delayMs, delayMs, error: refused };
    for (const waiter of [...this.waiters]) waiter.refuse(refused);
  }

  /** The server or the network ended it. Lent out, its queries fail and it comes back by itself. */
  #broke(client: pg.Client, error: Error): void {
    const slot = [...this.slots].find((each) => each.client === (client as unknown));
    if (slot === undefined || slot.broken) return;
    slot.broken = true;
    if (!this.idle.includes(slot)) return;
    if (this.#draining === undefined) this.#options.onError?.(error);
    this.#close(slot);
  }

  #close(slot: OpenSlot): void {
    if (!this.slots.delete(slot)) return;
    const at = this.idle.indexOf(slot);
    if (at >= 0) this.idle.splice(at, 1);
    this.#budget.letGo(slot);
    const { client } = slot as unknown as { client: pg.Client };
    this.#closing.add(client);
    void ended(client).then(() => {
      this.#closing.delete(client);
      this.#budget.closed(false);
    });
    this.#budget.want(this);
  }

  async #drain(graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs;
    for (const slot of [...this.idle]) this.#close(slot);
    // Who waits was admitted before the drain and is served too.
    while (this.slots.size + this.waiters.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, Math.min(20, graceMs)));
    for (const waiter of [...this.waiters])
      waiter.refuse(refusal('The connections of this tenant were closed; try again.', 1, 'pool was drained'));
    // Cutting the connection makes the query of whoever still holds it reject.
    for (const slot of [...this.slots]) {
      slot.broken = true;
      destroy(slot.client as unknown as pg.Client);
      this.#close(slot);
    }
    for (const until = performance.now() + 2_000; this.#closing.size > 0 && performance.now() < until; )
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #noCapacity(log: string): LedgerError {
    const detail =
      this.slots.size > 0
        ? 'All connections of this tenant are in use; try again.'
        : 'The server is at its limit of tenants served at once; try again.';
    return refusal(detail, 5, log, 'TENANT_CAPACITY');
  }
}

function refusal(detail: string, retryAfterSeconds: number, log: unknown, reason = 'SERVICE_UNAVAILABLE'): LedgerError {
  return new LedgerError('tenant_service_unavailable', { detail, retryAfterSeconds, reason, log });
}
