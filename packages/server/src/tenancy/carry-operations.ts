import type pg from 'pg';
import type { ProvisioningTools } from './provisioning/run.js';

/** Carries operations of one kind on in this process; several processes may each run one. */
export interface Carrier {
  /** Takes up an operation, also one that a killed process left. Never rejects. */
  take(operationId: string): void;
  /** Takes up what nobody is at: called at start and again and again. */
  takeUnfinished(): Promise<void>;
  /** Ends after the step under way; what is unfinished is for whoever looks next. */
  stop(): Promise<void>;
}

export interface CarriedKind {
  /** For the log: "a rotation". */
  readonly what: string;
  /** Of the table `operation`: which of this kind somebody should be at. */
  readonly unfinished: string;
  /** Does what is due; answers when to come again, in milliseconds, or undefined: nothing is left to do now. */
  advance(operationId: string): Promise<number | undefined>;
  /** Records the error; true: it was the last attempt. */
  noteFailure(operationId: string, error: unknown): Promise<boolean>;
}

const retryMs = 1_000;

export function createCarrier(
  { control, log }: Pick<ProvisioningTools, 'log'> & { readonly control: { readonly pool: Pick<pg.Pool, 'query'> } },
  kind: CarriedKind,
): Carrier {
  const running = new Map<string, Promise<void>>();
  let stopped = false;
  let wake = () => {};
  const stopping = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const pause = (ms: number) => {
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    return Promise.race([elapsed, stopping]).finally(() => clearTimeout(timer));
  };

  const carry = async (operationId: string): Promise<void> => {
    while (!stopped) {
      let next: number | undefined;
      try {
        next = await kind.advance(operationId);
      } catch (error) {
        log.error({ operation: operationId, err: error }, `${kind.what} met an error`);
        next = (await kind.noteFailure(operationId, error)) ? undefined : retryMs;
      }
      if (next === undefined) return;
      await pause(next);
    }
  };
  const take = (operationId: string): void => {
    if (stopped || running.has(operationId)) return;
    const carried = carry(operationId)
      .catch((error: unknown) => log.error({ operation: operationId, err: error }, `${kind.what} was interrupted`))
      .finally(() => running.delete(operationId));
    running.set(operationId, carried);
  };

  return Object.freeze({
    take,
    async takeUnfinished() {
      const { rows } = await control.pool.query<{ id: string }>(
        `select id from operation where state = 'running' and ${kind.unfinished} order by id limit 100`,
      );
      for (const { id } of rows) take(id);
    },
    async stop() {
      stopped = true;
      wake();
      await Promise.all(running.values());
    },
  });
}
