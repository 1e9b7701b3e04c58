import { accessServiceSettings } from '../../access/access-database.js';
import { toDatabaseUrl } from '../../postgres/connection-settings.js';
import type { PreparedServer } from '../../tenancy/prepare-server.js';
import type { Ground } from './part.js';
import { requireAdmin } from './stores.js';

/** The variables of contract "Environment" that a process with one part alone needs: logins of its own with least rights. */
export interface ServiceLogins {
  readonly ledger: { readonly CONTROL_DATABASE_URL: string };
  readonly access: { readonly CONTROL_DATABASE_URL: string; readonly ACCESS_DATABASE_URL: string };
}

/** Passwords included: they follow from the encryption key, so every process that has it and the administrator's login answers alike. */
export function serviceLogins(ground: Ground, prepared: PreparedServer): ServiceLogins {
  const { secrets, names } = ground;
  const adminSettings = requireAdmin(ground);
  const access = accessServiceSettings({ adminSettings, names, encryptionKey: secrets.encryptionKey });
  return {
    ledger: { CONTROL_DATABASE_URL: toDatabaseUrl(prepared.ledgerReader) },
    access: {
      CONTROL_DATABASE_URL: toDatabaseUrl(prepared.accessReader),
      ACCESS_DATABASE_URL: toDatabaseUrl(access),
    },
  };
}
