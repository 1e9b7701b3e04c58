import type pg from 'pg';
import { createPoller } from '../http/poller.js';
import type { Log } from './ports.js';
import { queryWithin } from './query-within.js';

export interface ChangeFeedOptions<Row> {
  /** A reader's login on the control database. */
  readonly pool: pg.Pool;
  /** View with `id`, `tenant_version` and `server_version`. */
  readonly view: string;
  readonly pollMs: number;
  /** After this long without an answer nothing cached is trusted. */
  readonly silentMs: number;
  readonly log: Log;
  /** Rows that are new or have changed since the last look. Must not throw. */
  onChanged(rows: readonly Row[]): void;
  /** The counter went backwards: the control database was restored, and nothing known is certain. */
  onReset(): void;
}

export interface ChangeFeed {
  /** Resolves after the first look, whether or not it succeeded. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whether a look that began less than `silentMs` ago has succeeded. */
  isFresh(): boolean;
  /** When the last successful look began, on `performance.now()`'s clock; -Infinity before the first. */
  confirmedAt(): number;
}

const pageSize = 1_000;
const queryTimeoutMs = 1_000;

/**
 * Asks for the counter of changes again and again, and for what changed when it has grown. The counter is bumped in the
 * transaction of each change, so what was committed before a look is in it: nothing is skipped, at worst repeated.
 */
export function createChangeFeed<Row extends { id: string }>(options: ChangeFeedOptions<Row>): ChangeFeed {
  const { pool, log } = options;
  let last: number | undefined;

  const look = async (): Promise<void> => {
    const [row] = await queryWithin<{ counter: number }>(pool, queryTimeoutMs, 'select counter from feed');
    if (row === undefined) throw new Error('the change feed is empty');
    const { counter } = row;
    if (last !== undefined && counter < last) options.onReset();
    else if (last !== undefined && counter > last) await readChanges(last);
    last = counter;
  };
  const readChanges = async (since: number): Promise<void> => {
    let after = '';
    for (;;) {
      const rows = await queryWithin<Row>(
        pool,
        queryTimeoutMs,
        `select * from ${options.view}
          where (tenant_version > $1 or server_version > $1) and id collate "C" > $2
          order by id collate "C" limit ${pageSize}`,
        [since, after],
      );
      options.onChanged(rows);
      if (rows.length < pageSize) return;
      after = rows.at(-1)?.id ?? '';
    }
  };
  const poller = createPoller({
    read: look,
    everyMs: options.pollMs,
    onError: (error) => log.warn({ err: error }, 'the change feed does not answer; statuses are read one by one'),
    onRecovered: () => log.info({}, 'the change feed answers again'),
  });

  return Object.freeze({
    async start() {
      poller.start();
      await poller.read();
    },
    stop: poller.stop,
    isFresh: () => performance.now() - poller.readAt() < options.silentMs,
    confirmedAt: poller.readAt,
  });
}
