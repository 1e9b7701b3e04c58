import { closedLoop } from '../load/closed-loop.js';
import { Connection } from '../load/connection.js';
import type { LoadResult, Window } from '../load/load-result.js';
import { getRequest, postRequests, randomTransfers } from '../load/requests.js';
import { cpuOf, cpuOfTree } from '../measure/cpu.js';
import type { Books } from '../stage/books.js';
import type { Ground } from './ground.js';

export interface Phase extends LoadResult {
  /** Cores. */
  readonly serverCpu: number;
  readonly postgresCpu: number;
  /** Different tenants that posted in the measured window. */
  readonly tenants: number;
}

export interface Rotation {
  /** Tenants posting at the same time. */
  readonly active: number;
  /** After this long one of them is replaced by the next; 0: always the same. */
  readonly everyMs: number;
}

/** `connections` callers post as fast as they are answered, on the tenants that are active at the moment. */
export async function postOn(
  ground: Ground,
  residents: readonly Books[],
  rotation: Rotation,
  connections: number,
  window: Window,
): Promise<Phase> {
  const sources = residents.map((books) => postRequests(books, 'json', randomTransfers(books), 8));
  const active = Array.from({ length: rotation.active }, (_, i) => i);
  const seen = new Set(active);
  let next = rotation.active;
  let measuring = false;
  const turn = () => {
    const slot = next % rotation.active;
    active[slot] = next % residents.length;
    if (measuring) seen.add(active[slot] as number);
    next += 1;
  };
  const timer = rotation.everyMs > 0 ? setInterval(turn, rotation.everyMs) : undefined;
  const read = () => ({
    at: performance.now(),
    server: cpuOf(ground.server.pid),
    postgres: cpuOfTree(ground.postgresPid),
  });
  let [before, after] = [read(), read()];
  const load = await closedLoop(
    {
      port: ground.server.ledgerPort,
      connections,
      next: (index) => (sources[active[index % rotation.active] as number] as () => string)(),
    },
    window,
    {
      opened: () => {
        measuring = true;
        before = read();
      },
      closed: () => {
        after = read();
      },
    },
  );
  clearInterval(timer);
  const seconds = (after.at - before.at) / 1000;
  return {
    ...load,
    serverCpu: (after.server - before.server) / seconds,
    postgresCpu: (after.postgres - before.postgres) / seconds,
    tenants: seen.size,
  };
}

/** One request to each, one at a time; milliseconds. `kind` post writes a transaction, get reads a page of accounts. */
export async function visitEach(
  ground: Ground,
  residents: readonly Books[],
  kind: 'post' | 'get',
  onVisit: (count: number) => void = () => {},
): Promise<{ readonly latencies: number[]; readonly failed: number }> {
  const latencies: number[] = [];
  let failed = 0;
  let answered: (status: number) => void = () => {};
  const connection = await Connection.open(0, ground.server.ledgerPort, (_, status) => answered(status));
  for (const books of residents) {
    const request =
      kind === 'post' ? postRequests(books, 'json', randomTransfers(books), 1)() : getRequest(books, '/accounts');
    const startedAt = performance.now();
    const status = await new Promise<number>((resolve) => {
      answered = resolve;
      connection.send(request, startedAt);
    });
    latencies.push(performance.now() - startedAt);
    if (status < 200 || status > 299) failed += 1;
    onVisit(latencies.length);
  }
  connection.close();
  return { latencies, failed };
}
