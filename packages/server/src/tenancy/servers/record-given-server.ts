import type { TenantId } from '@cofferdam/core';
import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import type { ControlTx } from '../control-database.js';
import type { Vault } from '../credentials.js';
import { insertServer } from './insert-server.js';

/** One tenant's own database is a server of its own, which no other tenant is ever placed on. Answers its id. */
export async function recordGivenServer(
  tx: ControlTx,
  vault: Vault,
  given: {
    readonly tenantId: TenantId;
    readonly settings: ConnectionSettings;
    readonly systemIdentifier: string;
    readonly version: number;
  },
): Promise<string> {
  const { settings, systemIdentifier, version } = given;
  const id = `given-${given.tenantId}`;
  await insertServer(tx, vault, { id, kind: 'given', state: 'draining', settings, systemIdentifier, version });
  return id;
}
