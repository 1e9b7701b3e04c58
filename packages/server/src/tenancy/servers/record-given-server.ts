import type { TenantId } from '@cofferdam/core';
import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import type { ControlTx } from '../control-database.js';
import type { Vault } from '../credentials.js';

/** One tenant's own database is a server of its own, which no other tenant is ever placed on. Answers its id. */
export async function recordGivenServer(
  { client, at }: ControlTx,
  vault: Vault,
  given: {
    readonly tenantId: TenantId;
    readonly settings: ConnectionSettings;
    readonly systemIdentifier: string;
    readonly version: number;
  },
): Promise<string> {
  const id = `given-${given.tenantId}`;
  const { host, port, ssl, user, database, password } = given.settings;
  await client.query(
    `insert into server (id, host, port, tls, state, kind, admin_user, admin_database, admin_credential, system_identifier,
                         version, created_at, updated_at)
     values ($1, $2, $3, $4, 'draining', 'given', $5, $6, $7, $8, $9, $10, $10)`,
    [
      id,
      host,
      port,
      ssl === undefined ? null : JSON.stringify(ssl),
      user,
      database,
      vault.seal(`server:${id}`, 'server-admin', password),
      given.systemIdentifier,
      given.version,
      at,
    ],
  );
  return id;
}
