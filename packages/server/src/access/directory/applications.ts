import type { ApplicationRole } from '../permissions/roles.js';
import type { DirectoryTx } from './with-directory.js';

export interface ApplicationRecord {
  readonly id: string;
  readonly clientId: string;
  /** What a secret may match: the present one, and during a rotation's overlap the one before. */
  readonly secretHmacs: readonly Buffer[];
  readonly name: string;
  readonly role: ApplicationRole | null;
  readonly isSystem: boolean;
  /** Disabled, or past its end. */
  readonly unusable: boolean;
  /** Addresses and networks from which the machine may log in; empty: from anywhere. */
  readonly allowedAddresses: readonly string[];
}

const columns = [
  'id',
  'client_id as clientId',
  'secret_hmac as secretHmac',
  'secret_previous_hmac as previousHmac',
  'secret_previous_until as previousUntil',
  'allowed_addresses as allowedAddresses',
  'name',
  'role',
  'is_system as isSystem',
  'expires_at as expiresAt',
  'disabled_at as disabledAt',
] as const;

export async function findApplicationByClientId(
  { db, tenantId }: DirectoryTx,
  clientId: string,
  now: Date,
): Promise<ApplicationRecord | undefined> {
  const row = await db
    .selectFrom('application')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('client_id', '=', clientId)
    .executeTakeFirst();
  return row && judged(row, now);
}

/** The tenant's own client without a secret, through which persons log in when they name none (single-tenant). */
export async function findSystemApplication(
  { db, tenantId }: DirectoryTx,
  now: Date,
): Promise<ApplicationRecord | undefined> {
  const row = await db
    .selectFrom('application')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('is_system', '=', true)
    .executeTakeFirst();
  return row && judged(row, now);
}

interface Secrets {
  readonly secretHmac: Buffer | null;
  readonly previousHmac: Buffer | null;
  readonly previousUntil: string | null;
}

function judged<R extends Secrets & { expiresAt: string | null; disabledAt: string | null }>(row: R, now: Date) {
  const { expiresAt, disabledAt, secretHmac, previousHmac, previousUntil, ...rest } = row;
  const overlaps = previousHmac !== null && previousUntil !== null && new Date(previousUntil) > now;
  return {
    ...rest,
    secretHmacs: [...(secretHmac === null ? [] : [secretHmac]), ...(overlaps ? [previousHmac] : [])],
    unusable: disabledAt !== null || (expiresAt !== null && new Date(expiresAt) <= now),
  };
}
