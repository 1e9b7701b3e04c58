import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, openConnections } from './connection.js';
import { type Edges, type LoadResult, Tally, type Window } from './load-result.js';

export interface Arrivals {
  readonly port: number;
  /** Connections at most: when all are busy, arrivals wait, and their waiting counts. */
  readonly connections: number;
  readonly perSecond: number;
  readonly next: () => string;
  /** Each answer of the measured window: when its request was due and when it came, in `performance.now()`. */
  readonly onAnswer?: (dueAt: number, answeredAt: number) => void;
}

/**
 * Requests arrive at even distances whether or not earlier ones were answered. Each is timed from the moment at which it
 * was due, so a server that stands still is not flattered by a client that waits for it.
 */
export async function openLoop(arrivals: Arrivals, window: Window, edges: Edges = {}): Promise<LoadResult> {
  const tally = new Tally();
  const idle: Connection[] = [];
  const due: number[] = [];
  let taken = 0;
  let counted = false;
  const onAnswer = (connection: Connection, status: number) => {
    const now = performance.now();
    tally.count(status, now - connection.startedAt);
    if (counted) arrivals.onAnswer?.(connection.startedAt, now);
    if (status === 0) return;
    const scheduled = due[taken];
    if (scheduled === undefined) {
      idle.push(connection);
      return;
    }
    taken += 1;
    connection.send(arrivals.next(), scheduled);
  };
  const connections = await openConnections(arrivals.connections, arrivals.port, onAnswer);
  idle.push(...connections);

  const distanceMs = 1000 / arrivals.perSecond;
  let nextAt = performance.now();
  const arrive = () => {
    for (const now = performance.now(); nextAt <= now; nextAt += distanceMs) {
      const connection = taken === due.length ? idle.pop() : undefined;
      if (connection !== undefined) connection.send(arrivals.next(), nextAt);
      else due.push(nextAt);
    }
  };
  const timer = setInterval(arrive, 1);
  await delay(window.warmUpMs);
  edges.opened?.();
  tally.open();
  counted = true;
  await delay(window.measuredMs);
  tally.close();
  counted = false;
  edges.closed?.();
  clearInterval(timer);
  taken = due.length;
  await delay(150);
  for (const connection of connections) connection.close();
  return tally.result();
}
