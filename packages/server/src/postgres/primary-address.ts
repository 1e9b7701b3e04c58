export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a server says of itself: its timeline, eight hexadecimal digits; null: it is a replica; undefined: no answer. */
export type Timeline = string | null | undefined;

/**
 * The addresses of a PostgreSQL primary and its streaming replicas, and which of them was the primary last. All connection
 * settings that come from one URL or one server record share one, so that what one connection found out all others know.
 */
export class PrimaryAddress {
  readonly all: readonly Address[];
  #current = 0;
  /** Grows with each promotion: a primary on an earlier one was left behind. */
  #timeline = '';
  #survey: Promise<boolean> | undefined;

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

  /** False when it is not the primary of today. */
  accepts(timeline: string | null): boolean {
    if (timeline === null || timeline < this.#timeline) return false;
    this.#timeline = timeline;
    return true;
  }

  /**
   * Before the first use all are asked once: an old primary that came back beside a promoted one would answer as well as
   * that one. False: none is a primary at the moment; the next call asks again.
   */
  async survey(timelineOf: (address: Address) => Promise<Timeline>): Promise<boolean> {
    if (this.#timeline !== '') return true;
    this.#survey ??= this.#askAll(timelineOf).finally(() => {
      this.#survey = undefined;
    });
    return this.#survey;
  }

  async #askAll(timelineOf: (address: Address) => Promise<Timeline>): Promise<boolean> {
    const timelines = await Promise.all(this.all.map(timelineOf));
    for (const [at, timeline] of timelines.entries())
      if (timeline && timeline > this.#timeline) {
        this.#timeline = timeline;
        this.#current = at;
      }
    return this.#timeline !== '';
  }
}
