export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * The addresses of a PostgreSQL primary and its streaming replicas, and which of them was the primary last. All connection
 * settings that come from one URL or one server record share one, so that what one connection found out all others know.
 */
export class PrimaryAddress {
  readonly all: readonly Address[];
  #current = 0;
  /** Grows with each promotion: a primary on an earlier one was left behind. Eight hexadecimal digits. */
  #timeline = '';

  constructor(all: readonly [Address, ...Address[]]) {
    this.all = Object.freeze([...all]);
  }

  get current(): Address {
    return this.all[this.#current] as Address;
  }

  /** It could not be reached, or is not the primary: the next in the list is tried, after the last the first. */
  passOver(address: Address): void {
    if (address === this.current) this.#current = (this.#current + 1) % this.all.length;
  }

  /** What a server says of itself: its timeline, null for a replica. False when it is not the primary of today. */
  accepts(timeline: string | null): boolean {
    if (timeline === null || timeline < this.#timeline) return false;
    this.#timeline = timeline;
    return true;
  }
}
