import type { seededRandom } from '../ledger/concurrency/seeded-random.js';

export interface ChaosOptions {
  /** Seconds of load around each blow; the short form is the one of CI. */
  readonly form: 'short' | 'long';
  readonly dice: ReturnType<typeof seededRandom>;
}

/** What one experiment measured. It throws when an answer was wrong or somebody did not recover. */
export interface ChaosResult {
  readonly what: string;
  /** From the end of the blow (or of what an operator has to do) to the first 201; undefined: nothing ever failed. */
  readonly recoveredMs?: number | undefined;
  readonly acknowledged: number;
  /** Requests that were answered with 503 or not at all. */
  readonly failed: number;
  /** Of these, those whose outcome the client had to ask for again. */
  readonly unknown: number;
  /** Answers to reads, each compared with what was acknowledged, or added up to zero. */
  readonly read?: number;
  readonly note?: string | undefined;
}

export interface Experiment {
  readonly name: string;
  run(options: ChaosOptions): Promise<ChaosResult[]>;
}

/** Undone last first, whatever happens. */
export class Undo {
  readonly #steps: (() => unknown)[] = [];
  add(step: () => unknown): void {
    this.#steps.push(step);
  }
  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await Promise.resolve(step()).catch(() => {});
  }
}

export async function within(ms: number, what: string, done: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (!(await done())) {
    if (performance.now() - startedAt > ms) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - startedAt;
}
