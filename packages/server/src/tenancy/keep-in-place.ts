import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@cofferdam/core';
import type { ControlDatabase } from './control-database.js';
import { refuseWhileMoving } from './move/unfinished-move.js';
import { TenancyError } from './tenancy-error.js';
import { takeTenantLock } from './tenant-lock.js';

/**
 * Until it is released nobody moves, purges or rotates the tenant: for work as its migrator, which no pause of a move holds. What
 * it did at a place that is being left would be lost.
 * @throws TenancyError operation_running
 */
export async function keepInPlace(
  control: ControlDatabase,
  tenantId: TenantId,
  patienceMs: number,
): Promise<{ release(): Promise<void> }> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const lock = await takeTenantLock(control, tenantId);
    if (lock !== undefined) {
      try {
        await refuseWhileMoving(control.pool, tenantId);
        return lock;
      } catch (error) {
        await lock.release();
        throw error;
      }
    }
    if (performance.now() > deadline)
      throw new TenancyError(
        'operation_running',
        `Something else is being done with tenant ${tenantId}: see \`cofferdam tenants operations --tenant ${tenantId}\`, and try again when it has ended.`,
      );
    await delay(100);
  }
}
