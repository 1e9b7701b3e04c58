import type { TenantId } from '@cofferdam/core';
import { LRUCache } from 'lru-cache';
import PQueue from 'p-queue';
import { deleteExpired } from '../directory/delete-expired.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';
import type { AccessLog } from './audit-trail.js';

export interface HousekeepingOptions {
  readonly store: AccessStore;
  readonly now: () => Date;
  readonly log: AccessLog;
  /** How often one tenant's leftovers are looked through, at most. Default 600. */
  readonly everySeconds?: number;
}

export interface Housekeeping {
  /** Call it when something was written for a tenant: what has expired there goes soon, without the caller waiting. */
  visit(tenantId: TenantId): void;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

/** Deletes expired sessions, devices and revocations of the tenants that are in use; those of others grow no more anyway. */
export function createHousekeeping({ store, now, log, everySeconds = 600 }: HousekeepingOptions): Housekeeping {
  const queue = new PQueue({ concurrency: 1 });
  const visitedAt = new LRUCache<TenantId, number>({ max: 10_000 });
  return Object.freeze({
    visit(tenantId: TenantId) {
      const at = now().getTime();
      if (at - (visitedAt.get(tenantId) ?? Number.NEGATIVE_INFINITY) < everySeconds * 1_000) return;
      visitedAt.set(tenantId, at);
      queue
        .add(() => withDirectory(store, tenantId, (tx) => deleteExpired(tx, now())))
        .catch((error: unknown) => log.error({ tenantId, err: error }, 'expired sessions not deleted'));
    },
    settled: () => queue.onIdle(),
  });
}
