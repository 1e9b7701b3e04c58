import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import type { StoreNames } from './physical-names.js';

/** Where the books of a tenant are, as stored: credentials are ciphertext. */
export interface Placement {
  readonly serverId: string;
  readonly store: StoreNames;
  /** Null after the purge. */
  readonly runtimeCredential: string | null;
  readonly migratorCredential: string | null;
  /** Of each process; null: its own default. */
  readonly connectionsMax: number | null;
  /** Kept open while unused; null: all of them, until they have been idle for long. */
  readonly connectionsIdle: number | null;
  /** Null: 30 s. */
  readonly statementTimeoutMs: number | null;
  readonly readFrom: 'primary' | 'replica';
  /** `given`: the purge leaves the database and takes what we made in it. */
  readonly origin: 'created' | 'given' | 'adopted';
  readonly configVersion: number;
  /** Id of the last expand migration. */
  readonly schemaVersion: string | null;
  /** Id of the last contract migration. */
  readonly contractVersion: string | null;
}

interface Row {
  server_id: string;
  database_name: string;
  schema_name: string;
  owner_role: string;
  migrator_login: string;
  migrator_credential: string | null;
  runtime_login: string;
  runtime_credential: string | null;
  connections_max: number | null;
  connections_idle: number | null;
  statement_timeout_ms: number | null;
  read_from: 'primary' | 'replica';
  origin: 'created' | 'given' | 'adopted';
  config_version: number;
  schema_version: string | null;
  contract_version: string | null;
}

export async function getPlacement(client: pg.PoolClient | pg.Pool, tenantId: TenantId): Promise<Placement> {
  const { rows } = await client.query<Row>('select * from placement where tenant_id = $1', [tenantId]);
  const [row] = rows;
  if (row === undefined) throw new Error(`tenant ${tenantId} has no placement: the control database is damaged`);
  return {
    serverId: row.server_id,
    store: {
      database: row.database_name,
      schema: row.schema_name,
      runtimeLogin: row.runtime_login,
      migratorLogin: row.migrator_login,
      ownerRole: row.owner_role,
    },
    runtimeCredential: row.runtime_credential,
    migratorCredential: row.migrator_credential,
    connectionsMax: row.connections_max,
    connectionsIdle: row.connections_idle,
    statementTimeoutMs: row.statement_timeout_ms,
    readFrom: row.read_from,
    origin: row.origin,
    configVersion: row.config_version,
    schemaVersion: row.schema_version,
    contractVersion: row.contract_version,
  };
}

export type NewPlacement = Pick<
  Placement,
  'serverId' | 'store' | 'runtimeCredential' | 'migratorCredential' | 'configVersion' | 'origin'
>;

export async function insertPlacement(
  client: pg.PoolClient,
  tenantId: TenantId,
  placement: NewPlacement,
  at: string,
): Promise<void> {
  const { store } = placement;
  await client.query(
    `insert into placement (tenant_id, server_id, database_name, schema_name, owner_role, migrator_login,
                            migrator_credential, runtime_login, runtime_credential, config_version, origin, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)`,
    [
      tenantId,
      placement.serverId,
      store.database,
      store.schema,
      store.ownerRole,
      store.migratorLogin,
      placement.migratorCredential,
      store.runtimeLogin,
      placement.runtimeCredential,
      placement.configVersion,
      placement.origin,
      at,
    ],
  );
}
