import type { TenantId } from '@cofferdam/core';
import PQueue from 'p-queue';
import { type AuditEvent, insertAuditEvent } from '../directory/audit-events.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';

/** The little that is used of a pino logger. */
export interface AccessLog {
  error(fields: object, message: string): void;
}

export interface AuditTrail {
  /** Resolves when the event is kept. For successes: no token without its record. */
  record(tenantId: TenantId, event: AuditEvent): Promise<void>;
  /** Kept soon, without the caller waiting: so that the time of a refusal tells nothing. */
  recordLater(tenantId: TenantId, event: AuditEvent): void;
  /** Resolves when all that was to be kept later is. Call it when the listener is closed, before the pool. */
  settled(): Promise<void>;
}

export interface AuditTrailOptions {
  readonly store: AccessStore;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly log: AccessLog;
  /** Events waiting to be kept; what comes beyond that goes to the log only. Default 1 000. */
  readonly waitingMax?: number;
}

/** The security events of each tenant (access-manager §8.7), in its own part of the directory. */
export function createAuditTrail({ store, now, newId, log, waitingMax = 1_000 }: AuditTrailOptions): AuditTrail {
  const queue = new PQueue({ concurrency: 1 });
  const keep = (tenantId: TenantId, event: AuditEvent, at: Date) =>
    withDirectory(store, tenantId, (tx) => insertAuditEvent(tx, newId(), at, event));

  return Object.freeze({
    record: (tenantId: TenantId, event: AuditEvent) => keep(tenantId, event, now()),
    recordLater(tenantId: TenantId, event: AuditEvent) {
      const at = now();
      const lost = (error: unknown) => log.error({ tenantId, event, err: error }, 'audit event not kept');
      if (queue.size >= waitingMax) lost('too many events waiting');
      else queue.add(() => keep(tenantId, event, at)).catch(lost);
    },
    settled: () => queue.onIdle(),
  });
}
