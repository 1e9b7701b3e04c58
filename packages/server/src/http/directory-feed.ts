import { createPoller } from './poller.js';

/** A user or an application that may do something else than before, or nothing. */
export interface ChangedSubject {
  /** Of the directory; single-tenant mode has a directory too. */
  readonly tenantId: string;
  readonly kind: 'person' | 'application';
  /** User id or client id. */
  readonly subject: string;
}

export interface ChangePage {
  /** Ask from here next time. */
  readonly position: number;
  readonly changes: readonly ChangedSubject[];
  /** There is more than fitted: ask again at once. */
  readonly more: boolean;
  /** The feed is younger than the position asked for (a restored backup). */
  readonly restarted: boolean;
}

/** Undefined: only where the feed stands now. */
export type LoadChanges = (since: number | undefined) => Promise<ChangePage>;

export interface DirectoryFeedOptions {
  readonly load: LoadChanges;
  readonly onChange: (changed: ChangedSubject) => void;
  /** Nothing that was remembered can be relied upon. */
  readonly onLost: () => void;
  /** Told once when the feed is lost, and again after it came back. */
  readonly onError: (error: unknown) => void;
  /** Default 500 ms: a change is known everywhere in less than 2 s. */
  readonly pollMs?: number;
  /** Milliseconds; default `performance.now`. */
  readonly elapsed?: () => number;
}

export interface DirectoryFeed {
  /** Whether changes are heard of: the feed was read within the last 2 s. */
  isFresh(): boolean;
  /** Reads what is new now. Never rejects: what cannot be read now is read by the next poll. */
  refresh(): Promise<void>;
  start(): void;
  /** Waits for a read under way. */
  stop(): Promise<void>;
}

const freshForMs = 2_000;

/** Follows the numbered feed of changes in the user directory. Begins with where it stands: nothing is remembered yet. */
export function createDirectoryFeed(options: DirectoryFeedOptions): DirectoryFeed {
  const { load, onChange, onLost, onError, pollMs = 500, elapsed = () => performance.now() } = options;
  let position: number | undefined;
  const poller = createPoller({ read: readAll, elapsed, onError, everyMs: pollMs });

  async function readAll(): Promise<void> {
    for (;;) {
      const page = await load(position);
      // What was remembered before the first reading may have changed unheard.
      if (page.restarted || position === undefined) onLost();
      position = page.position;
      for (const changed of page.changes) onChange(changed);
      if (!page.more) return;
    }
  }

  return Object.freeze({
    isFresh: () => elapsed() - poller.readAt() <= freshForMs,
    refresh: poller.readAnew,
    start: poller.start,
    stop: poller.stop,
  });
}
