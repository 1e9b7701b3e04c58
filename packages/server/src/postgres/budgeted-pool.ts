import { LedgerError } from '@cofferdam/core';
import { BudgetedConnections, type BudgetedPoolOptions } from './budgeted-connections.js';
import type { ConnectionSettings } from './connection-settings.js';
import { queryBuilderOver } from './query-builder.js';
import type { TenantPool } from './tenant-context.js';

export interface BudgetedPool extends TenantPool {
  /**
   * As `DrainableTenantPool#drain`. Whoever still holds this pool is given the connections of `instead`, another pool of the
   * same tenant, from here on: credentials and sizes change under running requests, and none of them fails. Or is refused so.
   */
  drain(graceMs: number, instead?: TenantPool | LedgerError): Promise<void>;
  /** Opens the first connection when there is none. @throws LedgerError 0161 */
  warm(): Promise<void>;
  readonly counts: PoolCounts;
}

export interface PoolCounts {
  readonly open: number;
  readonly lent: number;
  readonly waiting: number;
}

/** The pool of one tenant's run-time login, whose connections come out of a budget that all tenants of a server share. */
export function openBudgetedPool(settings: ConnectionSettings, options: BudgetedPoolOptions): BudgetedPool {
  const connections = new BudgetedConnections(settings, options);
  let next: TenantPool | LedgerError | undefined;
  const admitted = (): TenantPool['pg'] => {
    if (next instanceof LedgerError) throw next;
    if (next !== undefined) return next.pg;
    connections.refuseWhenDraining();
    return connections as unknown as TenantPool['pg'];
  };
  const db = queryBuilderOver(admitted);
  return Object.freeze({
    get pg() {
      return admitted();
    },
    db,
    get counts() {
      return {
        open: connections.slots.size,
        lent: connections.slots.size - connections.idle.length,
        waiting: connections.waiters.size,
      };
    },
    async warm() {
      connections.release(await connections.lend());
    },
    drain(graceMs: number, instead?: TenantPool | LedgerError) {
      if (!connections.isDraining) next = instead;
      return connections.drain(graceMs);
    },
  });
}
