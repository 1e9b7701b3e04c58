import { pruneAuditEvents } from '../directory/audit-events.js';
import type { AccessStore } from '../directory/with-directory.js';

export interface AuditRetentionOptions {
  readonly store: AccessStore;
  /** At least 30: the database keeps younger events against everybody. */
  readonly days: number;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

export interface AuditRetention {
  /** Removes what is older than the retention; answers how many events. */
  prune(): Promise<number>;
  /** Now and each hour. */
  start(): void;
  stop(): Promise<void>;
}

const everyMs = 3_600_000;

/** Audit events are kept for so many days and then removed, of all tenants alike. */
export function createAuditRetention({ store, days, now, onError }: AuditRetentionOptions): AuditRetention {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  const prune = () => pruneAuditEvents(store, new Date(now().getTime() - days * 86_400_000));
  const run = () => {
    running = prune().catch(onError);
  };
  return Object.freeze({
    prune,
    start() {
      if (timer !== undefined) return;
      run();
      timer = setInterval(run, everyMs);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  });
}
