import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import { findUnfinished } from '../operations.js';
import { TenancyError } from '../tenancy-error.js';

/**
 * A tenant that is being moved has two places, and both must stay as they are until one of them is left.
 * @throws TenancyError operation_running
 */
export async function refuseWhileMoving(client: pg.PoolClient | pg.Pool, tenantId: TenantId): Promise<void> {
  const move = await findUnfinished(client, tenantId, 'tenant.move');
  if (move === undefined) return;
  throw new TenancyError(
    'operation_running',
    `The tenant is being moved (operation ${move.id}): confirm or revert the move first.`,
    { operation: move.id },
  );
}
