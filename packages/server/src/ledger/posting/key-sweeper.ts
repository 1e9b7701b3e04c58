import type { TenantContext, TenantPool } from '../../postgres/tenant-context.js';
import { sweepExpiredKeys } from '../storage/idempotency-keys.js';
import { withTenantClient } from '../storage/with-tenant.js';
import type { PostingLog } from './settle-batch.js';

const intervalMs = 60_000;
const rowsMax = 2_000;

/**
 * Removes expired idempotency keys of tenants that post, now and then. Correctness does not need it: an expired key is
 * unknown to lookups and taken over by claims; this only keeps the table small.
 */
export class KeySweeper {
  readonly #now: () => Date;
  readonly #log: PostingLog;
  readonly #next = new WeakMap<TenantPool, number>();

  constructor(options: { readonly now: () => Date; readonly log: PostingLog }) {
    this.#now = options.now;
    this.#log = options.log;
  }

  /** Called after each posting; does something at most once a minute per store. */
  touch(tenant: TenantContext): void {
    const at = performance.now();
    const next = this.#next.get(tenant.pool);
    if (next !== undefined && at < next) return;
    this.#next.set(tenant.pool, at + intervalMs);
    // The first posting only starts the clock: a process that lives a moment sweeps nothing.
    if (next !== undefined) void this.sweep(tenant);
  }

  async sweep(tenant: TenantContext): Promise<void> {
    try {
      const swept = await withTenantClient(tenant, (client) => sweepExpiredKeys(client, this.#now(), rowsMax));
      // A full sweep left some behind: come back sooner.
      if (swept === rowsMax) this.#next.set(tenant.pool, performance.now() + 1_000);
    } catch (error) {
      this.#log.warn(
        { tenantId: tenant.tenantId, err: error },
        'expired idempotency keys could not be removed; it is tried again in a minute',
      );
    }
  }
}
