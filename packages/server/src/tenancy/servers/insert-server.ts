import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import type { ControlTx } from '../control-database.js';
import type { Vault } from '../credentials.js';
import type { Replica, ServerRecord } from './server-record.js';

export interface ServerToInsert extends Pick<ServerRecord, 'id' | 'kind' | 'state'> {
  /** Of the login that makes databases and roles there; the password is sealed. */
  readonly settings: ConnectionSettings;
  readonly systemIdentifier: string;
  /** Of the feed. */
  readonly version: number;
  readonly capacity?: number | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly replicas?: readonly Replica[];
}

/** A unique violation tells that the id is taken. */
export async function insertServer({ client, at }: ControlTx, vault: Vault, server: ServerToInsert): Promise<void> {
  const { id, settings } = server;
  await client.query(
    `insert into server (id, kind, state, host, port, tls, admin_user, admin_database, admin_credential, system_identifier,
                         capacity, labels, replicas, version, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)`,
    [
      id,
      server.kind,
      server.state,
      settings.host,
      settings.port,
      settings.ssl === undefined ? null : JSON.stringify(settings.ssl),
      settings.user,
      settings.database,
      vault.seal(`server:${id}`, 'server-admin', settings.password),
      server.systemIdentifier,
      server.capacity ?? null,
      JSON.stringify(server.labels ?? {}),
      JSON.stringify(server.replicas ?? []),
      server.version,
      at,
    ],
  );
}
