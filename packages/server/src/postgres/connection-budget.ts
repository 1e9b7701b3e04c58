/** One place at the PostgreSQL server, from before it is opened until the server has closed it. */
export interface Slot {
  readonly owner: SlotOwner;
  /** `performance.now()` when it was ready for use: the beginning of its owner's turn. */
  readonly openedAt: number;
  /** `performance.now()` when it was returned last. */
  idleSince: number;
}

/** Who asks for connections: the pool of one tenant. */
export interface SlotOwner {
  /** Connections that it has, is opening or has lent. */
  readonly held: number;
  readonly opening: number;
  readonly max: number;
  /** Whether somebody waits for a connection of it. */
  readonly isWaiting: boolean;
  /** Opens one; the budget has counted it. Calls `opened` or `closed` of the budget when that is decided. */
  open(): void;
  /** Closes an idle one. Calls `closed` of the budget when the server has let go of it. */
  close(slot: Slot): void;
}

export interface BudgetOptions {
  /** Connections of this process to this server, whatever happens. */
  readonly max: number;
  /** Being opened, and being closed, at the same time at most. Default: an eighth of the budget, and 4 at least. */
  readonly openingMax?: number;
  /**
   * A tenant without a connection waits this long before one is taken from a tenant that is using it, and that one has had it for
   * this long; both longer when opening takes long. Default 250 ms.
   */
  readonly turnMs?: number;
  /** One that has been idle for this long may be closed for a tenant that has none; longer when they are used again later than that. Default 100 ms. */
  readonly restMs?: number;
}

/** Second connections of a tenant are opened only below this share of the budget: the rest is for tenants that have none. */
const extraShare = 0.5;
const retryMs = 20;
const turnMsMax = 2_000;
const restMsMax = 2_000;

/**
 * Shares a fixed number of connections among any number of tenants. One for each tenant that is active comes first; a
 * tenant that has none waits its turn (first come, first served). Room is made by closing, in this order: a connection that has
 * been idle for so long that its tenant seems to be gone; an idle second one; and when somebody has waited for a turn, one whose
 * owner has had its turn, at the end of what it is doing. A place is counted until the server has closed the connection, so the
 * server never sees more than `max`.
 *
 * Opening one is six answers of the server, each of which waits for this process's event loop: a second and more when it is
 * busy, of which some 8 ms are work. So many are opened at the same time, or the line would not move (measured: with four at a
 * time 5 a second, 120 tenants in line and 190 connections idle).
 */
export class ConnectionBudget {
  readonly max: number;
  readonly #openingMax: number;
  readonly #turnMsMin: number;
  readonly #restMsMin: number;
  /** What opening one takes lately, waiting for the processor included. */
  #openingMs = 0;
  /** How long the connections that are used again have been idle between, lately. */
  #reuseMs = 0;
  #taken = 0;
  #opening = 0;
  #closing = 0;
  /** In the order in which they came, with `performance.now()` of then. */
  readonly #needy = new Map<SlotOwner, number>();
  /** In the order in which they were returned. */
  readonly #idle = new Set<Slot>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BudgetOptions) {
    this.max = options.max;
    this.#openingMax = options.openingMax ?? Math.max(4, Math.floor(options.max / 8));
    this.#turnMsMin = options.turnMs ?? 250;
    this.#restMsMin = options.restMs ?? 100;
  }

  /** Places taken: opening, open and closing. */
  get taken(): number {
    return this.#taken;
  }

  get idle(): number {
    return this.#idle.size;
  }

  /** Tenants that wait for their first connection. */
  get waiting(): number {
    return this.#needy.size;
  }

  /** Somebody waits for a connection of this owner. */
  want(owner: SlotOwner): void {
    if (!owner.isWaiting || owner.opening > 0) return;
    if (owner.held === 0) {
      if (!this.#needy.has(owner)) this.#needy.set(owner, performance.now());
      this.#serve();
    } else if (owner.held < owner.max && this.#needy.size === 0 && this.#taken < Math.floor(this.max * extraShare)) {
      this.#open(owner);
    }
  }

  /** Nobody waits for it any more. */
  leave(owner: SlotOwner): void {
    this.#needy.delete(owner);
  }

  /** @param ms what it took */
  opened(ms: number): void {
    this.#openingMs += (ms - this.#openingMs) / 8;
    this.#opening -= 1;
    this.#serve();
  }

  /** Opening failed, or the server has closed it. */
  closed(wasOpening: boolean): void {
    this.#taken -= 1;
    if (wasOpening) this.#opening -= 1;
    else this.#closing -= 1;
    this.#serve();
  }

  /** It is being closed; `closed` follows. */
  letGo(slot: Slot): void {
    this.#idle.delete(slot);
    this.#closing += 1;
  }

  /** Whether a connection that was just returned goes to another tenant, although its own has use for it. */
  mustYield(slot: Slot): boolean {
    if (this.#needy.size <= this.#closing || this.#taken < this.max) return false;
    const now = performance.now();
    const turnMs = this.#turnMs();
    if (now - slot.openedAt < turnMs || this.#longestWait(now) < turnMs) return false;
    return this.#victim(now) === undefined;
  }

  rest(slot: Slot): void {
    slot.idleSince = performance.now();
    this.#idle.delete(slot);
    this.#idle.add(slot);
    if (this.#needy.size > 0) this.#serve();
  }

  take(slot: Slot): void {
    this.#reuseMs += (performance.now() - slot.idleSince - this.#reuseMs) / 64;
    this.#idle.delete(slot);
  }

  #open(owner: SlotOwner): void {
    this.#taken += 1;
    this.#opening += 1;
    owner.open();
  }

  #serve(): void {
    for (const owner of this.#needy.keys()) {
      if (this.#opening >= this.#openingMax) return; // goes on when one of them is open
      if (this.#taken >= this.max) break;
      this.#needy.delete(owner);
      this.#open(owner);
    }
    // One is closed for each that waits, and no more than can be opened soon.
    while (this.#closing < Math.min(this.#needy.size, this.#openingMax)) {
      const victim = this.#victim(performance.now());
      if (victim === undefined) break;
      victim.owner.close(victim);
    }
    if (this.#needy.size > this.#closing) this.#timer ??= setTimeout(() => this.#again(), retryMs).unref();
  }

  /** On a machine that is busy opening takes long: turns grow with it, or it would do nothing else. */
  #turnMs(): number {
    return Math.max(this.#turnMsMin, Math.min(5 * this.#openingMs, turnMsMax));
  }

  #again(): void {
    this.#timer = undefined;
    this.#serve();
  }

  #longestWait(now: number): number {
    const [first] = this.#needy.values();
    return first === undefined ? 0 : now - first;
  }

  /**
   * The one idle longest, when others were used again after a fraction of that. Taken from a tenant that is active it would only have to be
   * opened again.
   */
  #victim(now: number): Slot | undefined {
    const [oldest] = this.#idle;
    if (oldest === undefined) return undefined;
    const restMs = Math.max(this.#restMsMin, Math.min(4 * this.#reuseMs, restMsMax));
    if (now - oldest.idleSince >= restMs) return oldest;
    for (const slot of this.#idle) if (slot.owner.held > 1) return slot;
    const turnMs = this.#turnMs();
    if (this.#longestWait(now) < turnMs) return undefined;
    for (const slot of this.#idle) if (now - slot.openedAt >= turnMs) return slot;
    return undefined;
  }
}
