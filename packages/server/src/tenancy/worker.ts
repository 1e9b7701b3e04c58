import type { TenantId } from '@cofferdam/core';
import { isConnectionLost } from '../postgres/pg-errors.js';
import type { Carrier } from './carry-operations.js';
import type { Provisioner } from './provisioning/provisioner.js';
import { listPurgeableAssociations, purgeAssociation } from './purge-association.js';
import { listPurgeable, type PurgeTools, purgeTenant } from './purge-tenant.js';

export interface Worker {
  /** Looks once, then every interval. */
  start(): Promise<void>;
  /** Looks now, soon after a look that is under way. */
  look(): void;
  /** Looks then: for a retention that ends within seconds. */
  lookAt(instant: Date): void;
  stop(): Promise<void>;
}

/**
 * Finishes what nobody waits for: tenants left in `provisioning`, and rotations and moves left under way, by a process that was
 * killed, and tenants whose retention has ended. Any number of processes may run it: the lock of each tenant keeps them apart.
 */
export function startWorker(
  tools: PurgeTools & {
    readonly provisioner: Provisioner;
    readonly rotator: Carrier;
    readonly mover: Carrier;
    readonly intervalMs: number;
    /** Brings spares to their number; after everything that somebody waits for. */
    readonly keepSpares: (isStopped: () => boolean) => Promise<void>;
  },
): Worker {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;

  let keeping: Promise<void> | undefined;

  /** Beside the looks: nobody waits for a spare, least of all a start. */
  const keep = (): void => {
    if (stopped) return;
    keeping ??= tools
      .keepSpares(() => stopped)
      .catch((error: unknown) => tools.log.warn({ err: error }, 'spares could not be brought to their number'))
      .finally(() => {
        keeping = undefined;
      });
  };
  const look = async (): Promise<void> => {
    do {
      again = false;
      try {
        await resumeUnfinished(tools);
        await tools.rotator.takeUnfinished();
        await tools.mover.takeUnfinished();
        await purgeEnded(tools, () => stopped);
        keep();
      } catch (error) {
        tools.log.error({ err: error }, 'the tenants worker could not look for work');
      }
    } while (again && !stopped);
  };
  const lookOnce = (): Promise<void> => {
    if (stopped) return Promise.resolve();
    again = running !== undefined;
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  };

  return Object.freeze({
    async start() {
      await lookOnce();
      if (stopped) return;
      timer = setInterval(() => void lookOnce(), tools.intervalMs);
      timer.unref();
    },
    look: () => void lookOnce(),
    lookAt(instant: Date) {
      const waitMs = instant.getTime() - tools.now().getTime();
      // A moment more than to the instant itself: a timer may fire a fraction of a millisecond early.
      if (waitMs <= 0) void lookOnce();
      else if (waitMs < maxWaitMs) setTimeout(() => void lookOnce(), waitMs + 5).unref();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
      await keeping;
    },
  });
}

/** What is due later than this is found by a look of the interval in good time. */
const maxWaitMs = 60_000;

/** Only starts them: a tenant that takes long must not keep the others' purge waiting. */
async function resumeUnfinished({
  control,
  provisioner,
}: PurgeTools & { readonly provisioner: Provisioner }): Promise<void> {
  const { rows } = await control.pool.query<{ id: TenantId }>(
    `select id from tenant where status = 'provisioning' order by created_at limit 100`,
  );
  for (const { id } of rows) void provisioner.provision(id);
}

/** Server by server, at the same time: one that is away keeps its own tenants waiting and no others. */
async function purgeEnded(tools: PurgeTools, isStopped: () => boolean): Promise<void> {
  const purges = [
    ...(await listPurgeable(tools)).map((due) => ({ ...due, purge: purgeTenant })),
    ...(await listPurgeableAssociations(tools)).map((due) => ({ ...due, purge: purgeAssociation })),
  ];
  const ofServer = async (serverId: string): Promise<void> => {
    for (const { id, purge } of purges.filter((due) => due.serverId === serverId)) {
      if (isStopped()) return;
      try {
        await purge(tools, id);
      } catch (error) {
        tools.log.error({ tenantId: id, err: error }, 'the purge of a tenant failed; it will be tried again');
        if (isConnectionLost(error)) return;
      }
    }
  };
  await Promise.all([...new Set(purges.map(({ serverId }) => serverId))].map(ofServer));
}
