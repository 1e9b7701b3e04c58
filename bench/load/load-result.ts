/** What one phase of load gave, counted in its measured window only. */
export interface LoadResult {
  /** Answers with a 2xx a second. */
  readonly perSecond: number;
  /** Milliseconds, one per counted answer. */
  readonly latencies: readonly number[];
  /** Answers that were no 2xx, by status; 0: broken connections. */
  readonly refused: Readonly<Record<number, number>>;
}

/** How long a phase runs: first without counting, then counted. */
export interface Window {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

/** Hooks at the edges of the measured window, for reading CPU times. */
export interface Edges {
  readonly opened?: () => void;
  readonly closed?: () => void;
}

/** Counts answers while it is open. */
export class Tally {
  readonly latencies: number[] = [];
  readonly refused: Record<number, number> = {};
  #open = false;
  #openedAt = 0;
  #seconds = 0;

  open(): void {
    this.#open = true;
    this.#openedAt = performance.now();
  }

  close(): void {
    this.#open = false;
    this.#seconds = (performance.now() - this.#openedAt) / 1000;
  }

  count(status: number, latencyMs: number): void {
    if (!this.#open) return;
    if (status >= 200 && status < 300) this.latencies.push(latencyMs);
    else this.refused[status] = (this.refused[status] ?? 0) + 1;
  }

  result(): LoadResult {
    return { perSecond: this.latencies.length / this.#seconds, latencies: this.latencies, refused: this.refused };
  }
}
