import type { TenantId } from '@cofferdam/core';
import { type ConnectionSettings, connectionSettings } from '../postgres/connection-settings.js';
import type { Vault } from './credentials.js';

/** How a store is reached with the rights of requests: by its run-time login, at its server's address or a pooler's before it. */
export function runtimeSettings(
  vault: Vault,
  tenantId: TenantId,
  { host, port, ssl, pooler, addresses }: Omit<ConnectionSettings, 'database' | 'user' | 'password'>,
  store: { readonly database: string; readonly runtimeLogin: string; readonly runtimeCredential: string },
): ConnectionSettings {
  return connectionSettings({
    host,
    port,
    ...(ssl === undefined ? {} : { ssl }),
    ...(pooler === undefined ? {} : { pooler }),
    ...(addresses === undefined ? {} : { addresses }),
    database: store.database,
    user: store.runtimeLogin,
    password: vault.open(tenantId, 'runtime-login', store.runtimeCredential),
  });
}
