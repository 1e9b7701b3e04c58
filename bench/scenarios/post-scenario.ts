import { closedLoop } from '../load/closed-loop.js';
import type { LoadResult } from '../load/load-result.js';
import { postRequests } from '../load/requests.js';
import { outboxEnd, transactionsPerCommit } from '../measure/commits.js';
import type { Books } from '../stage/books.js';
import type { ServerProcess } from '../stage/server-process.js';
import type { Stage } from '../stage/stage.js';
import { cpuMeter, measured, type Scenario } from './scenario.js';

export interface PostScenario {
  readonly name: string;
  readonly title: string;
  readonly server: (stage: Stage) => ServerProcess;
  /** Callers take turns among these ledgers. */
  readonly books: (stage: Stage) => readonly Books[];
  readonly connections: number;
  readonly route?: 'json' | 'batch';
  readonly makeBody: (books: Books) => () => unknown;
  /** Different bodies kept ready for each ledger. */
  readonly prepared?: number;
  /** Transactions in one request. */
  readonly weight?: number;
  readonly operations?: number;
  /** With very many callers the first answers take longer than the usual warm-up. */
  readonly warmUpMsMin?: number;
}

/** Callers that post as fast as they are answered. */
export function postScenario(options: PostScenario): Scenario {
  const { connections, weight = 1, operations = 2, route = 'json' } = options;
  return {
    name: options.name,
    title: options.title,
    unit: 'transactions/s',
    async run({ stage, window }) {
      const server = options.server(stage);
      const books = options.books(stage);
      const first = books[0] as Books;
      const mark = await outboxEnd(stage, first);
      const meter = cpuMeter(stage, server);
      const sources = books.map((each) => postRequests(each, route, options.makeBody(each), options.prepared));
      const load: LoadResult = await closedLoop(
        {
          port: server.ledgerPort,
          connections,
          next: (index) => (sources[index % sources.length] as () => string)(),
        },
        { ...window, warmUpMs: Math.max(window.warmUpMs, options.warmUpMsMin ?? 0) },
        meter.edges,
      );
      return {
        ...measured(load, weight),
        ...meter.shares(),
        perCommit: await transactionsPerCommit(stage, first, mark),
        rowsPerTransaction: operations + 3,
      };
    },
  };
}
