import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import { type AdvisoryLock, takeAdvisoryLock } from '../postgres/advisory-lock.js';
import type { ControlDatabase } from './control-database.js';

/** Runs `work` as the only one at this tenant, of all processes; undefined when someone else is at it. */
export function underTenantLock<T>(
  control: ControlDatabase,
  tenantId: TenantId,
  work: () => Promise<T>,
): Promise<T | undefined> {
  return control.underLock(keyOf(tenantId), work);
}

/** For a command that holds one for as long as it runs. Undefined when someone else is at the tenant. */
export function takeTenantLock(control: ControlDatabase, tenantId: TenantId): Promise<AdvisoryLock | undefined> {
  return takeAdvisoryLock(control.pool, keyOf(tenantId));
}

function keyOf(tenantId: TenantId): string {
  return createHash('sha256').update(`cofferdam tenant ${tenantId}`).digest().readBigInt64BE().toString();
}
