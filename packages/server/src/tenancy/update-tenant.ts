import type { TenantId } from '@cofferdam/core';
import { stringifyJson } from '../http/json.js';
import { noSuchTenant } from './change-status.js';
import type { ControlDatabase } from './control-database.js';
import { findTenant, lockTenant, type TenantRecord } from './tenant-record.js';

export interface TenantChange {
  readonly name?: string;
  /** JSON Merge Patch: a null value removes its key, null as a whole empties the metadata. */
  readonly metadata?: Readonly<Record<string, unknown>> | null;
}

/**
 * Changes what is for display; slug, isolation and id never change. With an empty change every process reads the tenant anew.
 * @throws TenancyError tenant_not_found
 */
export async function updateTenant(
  { control }: { readonly control: ControlDatabase },
  id: TenantId,
  change: TenantChange,
  by: { readonly actor: string; readonly action: 'tenant.update' | 'tenant.cache.invalidate' },
): Promise<TenantRecord> {
  await control.change(async (tx) => {
    const tenant = await lockTenant(tx.client, id);
    if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
    await tx.audit({ ...by, tenantId: id, outcome: 'done', details: { changed: Object.keys(change) } });
    const version = await tx.nextVersion();
    await tx.client.query('update tenant set name = $2, metadata = $3, version = $4, updated_at = $5 where id = $1', [
      id,
      change.name ?? tenant.name,
      stringifyJson(merged(tenant.metadata, change.metadata)),
      version,
      tx.at,
    ]);
  });
  const tenant = await findTenant(control.pool, id);
  if (tenant === undefined) throw noSuchTenant();
  return tenant;
}

function merged(held: Readonly<Record<string, unknown>>, patch: TenantChange['metadata']): Record<string, unknown> {
  if (patch === null) return {};
  const entries = new Map([...Object.entries(held), ...Object.entries(patch ?? {})]);
  return Object.fromEntries([...entries].filter(([, value]) => value !== null));
}
