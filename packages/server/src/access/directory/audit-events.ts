import { sql } from 'kysely';
import type { AccessStore, DirectoryTx } from './with-directory.js';

export interface AuditEvent {
  readonly kind:
    | 'login'
    | 'directory'
    | 'application'
    | 'user'
    | 'password'
    | 'refresh'
    | 'logout'
    | 'revocation'
    | 'mfa'
    | 'key'
    | 'permission';
  readonly result: 'ok' | 'failed' | 'refused';
  /** One word for the tenant's administrators, e.g. `wrong_password`; the caller is never told. */
  readonly reason?: string;
  /** A user id or client id that this directory knows. */
  readonly actor?: string;
  readonly address?: string;
  /** The user or application that was acted upon, by id. */
  readonly target?: string;
}

export async function insertAuditEvent(
  { db, tenantId }: DirectoryTx,
  id: string,
  at: Date,
  { kind, result, reason, actor, address, target }: AuditEvent,
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
      target: target ?? null,
    })
    .execute();
}

export interface AuditFilter {
  readonly kind: string | undefined;
  readonly result: string | undefined;
  readonly actor: string | undefined;
  readonly target: string | undefined;
  /** Inclusive. */
  readonly from: Date | undefined;
  /** Exclusive. */
  readonly to: Date | undefined;
}

/** The newest first. */
export async function listAuditEvents(
  { db, tenantId }: DirectoryTx,
  filter: AuditFilter,
  { limit, offset }: { readonly limit: number; readonly offset: number },
) {
  let found = db.selectFrom('audit_event').where('tenant_id', '=', tenantId);
  for (const name of ['kind', 'result', 'actor', 'target'] as const)
    if (filter[name] !== undefined) found = found.where(name, '=', filter[name]);
  if (filter.from !== undefined) found = found.where('at', '>=', filter.from.toISOString());
  if (filter.to !== undefined) found = found.where('at', '<', filter.to.toISOString());
  const { total } = await found.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const items = await found
    .select(['id', 'at', 'kind', 'result', 'reason', 'actor', 'target', 'address'])
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  return { items, total: Number(total) };
}

/**
 * Removes the events of all tenants that are older; the database removes none younger than 30 days. Answers how many.
 */
export async function pruneAuditEvents(store: AccessStore, olderThan: Date): Promise<number> {
  const { rows } = await sql<{ gone: number }>`select prune_audit_events(${olderThan}) as gone`.execute(
    store.installation,
  );
  return rows[0]?.gone ?? 0;
}
