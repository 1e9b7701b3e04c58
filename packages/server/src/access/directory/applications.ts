import type { ApplicationRole } from '../permissions/roles.js';
import type { DirectoryTx } from './with-directory.js';

export interface ApplicationRecord {
  readonly id: string;
  readonly clientId: string;
  readonly secretHmac: Buffer | null;
  readonly name: string;
  readonly role: ApplicationRole | null;
  readonly isSystem: boolean;
  /** Disabled, or past its end. */
  readonly unusable: boolean;
}

const columns = [
  'id',
  'client_id as clientId',
  'secret_hmac as secretHmac',
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

function judged<R extends { expiresAt: string | null; disabledAt: string | null }>(row: R, now: Date) {
  const { expiresAt, disabledAt, ...rest } = row;
  return { ...rest, unusable: disabledAt !== null || (expiresAt !== null && new Date(expiresAt) <= now) };
}
