export interface PollerOptions {
  /** Reads all that is new. */
  readonly read: () => Promise<void>;
  /** Told once when reading fails, and again after it worked. */
  readonly onError: (error: unknown) => void;
  /** Reading works again. */
  readonly onRecovered?: () => void;
  /** Default 500 ms: what is new is known everywhere in less than 2 s. */
  readonly everyMs?: number;
  /** Milliseconds of a clock that nobody sets; default `performance.now`. */
  readonly elapsed?: () => number;
}

export interface Poller {
  /** By the clock `elapsed`, when the last reading that succeeded began; `-Infinity` before the first. */
  readAt(): number;
  /** The same of the last one, however it went. */
  attemptedAt(): number;
  /** The reading under way. */
  underWay(): Promise<void> | undefined;
  /** Joins a reading under way. Never rejects: what cannot be read now is read by the next poll. */
  read(): Promise<void>;
  /** A reading that was under way may have looked before the change: then one more. */
  readAnew(): Promise<void>;
  start(): void;
  /** Waits for a reading under way. */
  stop(): Promise<void>;
}

/**
 * Reads a feed again and again, one reading at a time; how old the last one is counts from before its question. Not by the time
 * of day: set back, it would call a feed fresh that has been silent for as long.
 */
export function createPoller(options: PollerOptions): Poller {
  const { read, onError, onRecovered, everyMs = 500, elapsed = () => performance.now() } = options;
  let readAt = Number.NEGATIVE_INFINITY;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let failing = false;
  let reading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = true;

  async function attempt(): Promise<void> {
    const startedAt = elapsed();
    attemptedAt = startedAt;
    try {
      await read();
      readAt = startedAt;
      if (failing) onRecovered?.();
      failing = false;
    } catch (error) {
      if (!failing) onError(error);
      failing = true;
    }
  }

  function join(): Promise<void> {
    reading ??= attempt().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  function poll(): void {
    if (stopped) return;
    timer = setTimeout(() => void join().finally(poll), everyMs);
    timer.unref();
  }

  return Object.freeze({
    readAt: () => readAt,
    attemptedAt: () => attemptedAt,
    underWay: () => reading,
    read: join,
    async readAnew() {
      if (reading !== undefined) await reading;
      await join();
    },
    start() {
      if (!stopped) return;
      stopped = false;
      void join().finally(poll);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await reading;
    },
  });
}
