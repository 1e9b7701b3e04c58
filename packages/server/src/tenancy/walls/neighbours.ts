import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import type { StoreNames } from '../physical-names.js';

/** Another tenant on the same server, whom the walls stand against. */
export interface Neighbour {
  readonly store: StoreNames;
  /** Its store is known to be whole: worth trying a real connection. */
  readonly settled: boolean;
}

/** In order of age. Of this installation only: a cluster may carry others, with admins of their own. */
export async function listNeighbours(control: pg.Pool, tenantId: TenantId, serverId: string): Promise<Neighbour[]> {
  const { rows } = await control.query<{
    database_name: string;
    schema_name: string;
    owner_role: string;
    migrator_login: string;
    runtime_login: string;
    settled: boolean;
  }>(
    `select p.database_name, p.schema_name, p.owner_role, p.migrator_login, p.runtime_login,
            t.status in ('active', 'suspended') as settled
       from placement p join tenant t on t.id = p.tenant_id
      where p.server_id = $1 and t.id <> $2 and t.status <> 'deleted' order by t.created_at`,
    [serverId, tenantId],
  );
  return rows.map((row) => ({
    settled: row.settled,
    store: {
      database: row.database_name,
      schema: row.schema_name,
      ownerRole: row.owner_role,
      migratorLogin: row.migrator_login,
      runtimeLogin: row.runtime_login,
    },
  }));
}
