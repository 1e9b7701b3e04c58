import type { DirectoryTx } from './with-directory.js';

export interface AuditEvent {
  readonly kind: 'login' | 'directory' | 'application' | 'user' | 'refresh' | 'logout' | 'revocation' | 'mfa' | 'key';
  readonly result: 'ok' | 'failed' | 'refused';
  /** One word for the tenant's administrators, e.g. `wrong_password`; the caller is never told. */
  readonly reason?: string;
  /** A user id or client id that this directory knows. */
  readonly actor?: string;
  readonly address?: string;
}

export async function insertAuditEvent(
  { db, tenantId }: DirectoryTx,
  id: string,
  at: Date,
  { kind, result, reason, actor, address }: AuditEvent,
): Promise<void> {
  await db
    .insertInto('audit_event')
    .values({
      tenant_id: tenantId,
      id,
      at,
      kind,
      result,
      reason: reason ?? null,
      actor: actor ?? null,
      address: address ?? null,
    })
    .execute();
}
