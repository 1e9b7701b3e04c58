import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, openConnections } from './connection.js';
import { type Edges, type LoadResult, Tally, type Window } from './load-result.js';

export interface Callers {
  readonly port: number;
  readonly connections: number;
  /** The next request of the caller with this number. */
  readonly next: (index: number) => string;
}

/** Each caller sends its next request when it has the answer to the last one. Bounded by the window's time. */
export async function closedLoop(callers: Callers, window: Window, edges: Edges = {}): Promise<LoadResult> {
  const [result] = await closedLoops([callers], window, edges);
  return result as LoadResult;
}

/** Several kinds of callers at the same time; one result each. */
export async function closedLoops(
  groups: readonly Callers[],
  window: Window,
  edges: Edges = {},
): Promise<LoadResult[]> {
  let running = true;
  const tallies = groups.map(() => new Tally());
  const opened = await Promise.all(
    groups.map(({ connections, port, next }, group) => {
      const tally = tallies[group] as Tally;
      const onAnswer = (connection: Connection, status: number) => {
        const now = performance.now();
        tally.count(status, now - connection.startedAt);
        // A connection that broke stays out: an error is counted once, not in a loop.
        if (running && status !== 0) connection.send(next(connection.index), now);
      };
      return openConnections(connections, port, onAnswer);
    }),
  );
  opened.forEach((connections, group) => {
    const now = performance.now();
    for (const connection of connections) connection.send((groups[group] as Callers).next(connection.index), now);
  });
  await delay(window.warmUpMs);
  edges.opened?.();
  for (const tally of tallies) tally.open();
  await delay(window.measuredMs);
  for (const tally of tallies) tally.close();
  edges.closed?.();
  running = false;
  // What is under way may finish, so that the next phase does not pay for this one.
  await delay(150);
  for (const connection of opened.flat()) connection.close();
  return tallies.map((tally) => tally.result());
}
