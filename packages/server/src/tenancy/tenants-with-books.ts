import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import type { TenantStatus } from './tenant-record.js';

/** Of `tenant t` and its `placement p`: neither half-made nor purged, of the tenant as a whole or of its books alone. */
export const withBooks = /* sql */ `t.status in ('active', 'suspended', 'deleting') and t.purge_started_at is null
  and p.runtime_credential is not null`;

/** Oldest first. */
export async function listTenantsWithBooks(
  client: pg.Pool | pg.PoolClient,
): Promise<{ readonly id: TenantId; readonly status: TenantStatus }[]> {
  const { rows } = await client.query<{ id: TenantId; status: TenantStatus }>(
    `select t.id, t.status from tenant t join placement p on p.tenant_id = t.id
      where ${withBooks} order by t.created_at, t.id`,
  );
  return rows;
}
