import type { LoadResult, Window } from '../load/load-result.js';
import { cpuOf, cpuOfTree } from '../measure/cpu.js';
import type { ServerProcess } from '../stage/server-process.js';
import type { Stage } from '../stage/stage.js';

/** What one phase of one scenario gave. Only `perSecond` is always there. */
export interface Measurement {
  /** Transactions a second, unless the scenario counts something else. */
  readonly perSecond: number;
  /** Milliseconds. */
  readonly latencies: readonly number[];
  readonly perCommit?: number;
  /** Rows inserted for each transaction: itself, its operations, its key, its outbox record. */
  readonly rowsPerTransaction?: number;
  /** CPU seconds a second, 1 being one core. */
  readonly serverCpu?: number;
  readonly postgresCpu?: number;
  readonly clientCpu?: number;
  readonly refused: Readonly<Record<number, number>>;
  /** What else was counted, for other scenarios and notes. */
  readonly extra?: Readonly<Record<string, number>>;
}

/** What is known when a phase starts. */
export interface Setting {
  readonly stage: Stage;
  readonly window: Window;
  /** Results of this round so far, by scenario name. */
  readonly soFar: ReadonlyMap<string, Measurement>;
}

/** One line of the table: runs once a round, between the others. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  run(setting: Setting): Promise<Measurement>;
}

/** Reads CPU times at the edges of the measured window. */
export function cpuMeter(stage: Stage, server: ServerProcess | undefined) {
  const read = () => ({
    at: performance.now(),
    server: server === undefined ? Number.NaN : cpuOf(server.pid),
    postgres: cpuOfTree(stage.postgresPid),
    client: cpuOf(process.pid),
  });
  let before = read();
  let after = before;
  return {
    edges: {
      opened: () => {
        before = read();
      },
      closed: () => {
        after = read();
      },
    },
    shares() {
      const seconds = (after.at - before.at) / 1000;
      return {
        serverCpu: (after.server - before.server) / seconds,
        postgresCpu: (after.postgres - before.postgres) / seconds,
        clientCpu: (after.client - before.client) / seconds,
      };
    },
  };
}

/** A load result as a measurement: `weight` transactions in each request. */
export function measured(load: LoadResult, weight = 1): Measurement {
  return { perSecond: load.perSecond * weight, latencies: load.latencies, refused: load.refused };
}
