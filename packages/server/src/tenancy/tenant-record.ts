import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import type { Isolation } from './physical-names.js';

export type TenantStatus = 'provisioning' | 'failed' | 'active' | 'suspended' | 'deleting' | 'deleted';

/** A row of `tenant`, with the status of its ledger association. */
export interface TenantRecord {
  readonly id: TenantId;
  readonly slug: string;
  readonly name: string;
  readonly isolation: Isolation;
  readonly status: TenantStatus;
  readonly statusReason: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly ownerEmail: string | null;
  readonly loginClientId: string | null;
  readonly applicationId: string | null;
  readonly applicationClientId: string | null;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly purgeAfter: string | null;
  readonly purgeStartedAt: string | null;
  readonly deletedAt: string | null;
}

type Client = pg.PoolClient | pg.Pool;

const columns = /* sql */ `id, slug, name, isolation, status, status_reason as "statusReason", metadata,
  owner_email as "ownerEmail", login_client_id as "loginClientId", application_id as "applicationId", application_client_id as "applicationClientId",
  version, created_at as "createdAt", updated_at as "updatedAt", purge_after as "purgeAfter",
  purge_started_at as "purgeStartedAt", deleted_at as "deletedAt"`;

export async function findTenant(client: Client, id: TenantId): Promise<TenantRecord | undefined> {
  return (await client.query<TenantRecord>(`select ${columns} from tenant where id = $1`, [id])).rows[0];
}

/** Holds the row to the end of the transaction. */
export async function lockTenant(client: pg.PoolClient, id: TenantId): Promise<TenantRecord | undefined> {
  return (await client.query<TenantRecord>(`select ${columns} from tenant where id = $1 for update`, [id])).rows[0];
}

/** The tenant that has the slug now; deleted ones have given theirs up. */
export async function findTenantBySlug(client: Client, slug: string): Promise<TenantRecord | undefined> {
  const query = `select ${columns} from tenant where slug = $1 and status <> 'deleted'`;
  return (await client.query<TenantRecord>(query, [slug])).rows[0];
}

/** In order of id (time-ordered), `after` excluded. One more than `limit` tells that there is a next page. */
export async function listTenants(
  client: Client,
  page: { readonly after?: string; readonly limit: number; readonly status?: TenantStatus },
): Promise<TenantRecord[]> {
  const { rows } = await client.query<TenantRecord>(
    `select ${columns} from tenant
      where id collate "C" > $1 and ($2::text is null or status = $2) order by id collate "C" limit $3`,
    [page.after ?? '', page.status ?? null, page.limit],
  );
  return rows;
}

/** Tenants whose first request would work: tenant and association both active. */
export async function listActiveTenants(
  client: Client,
  service: string,
): Promise<Pick<TenantRecord, 'id' | 'name' | 'status'>[]> {
  const { rows } = await client.query<Pick<TenantRecord, 'id' | 'name' | 'status'>>(
    `select t.id, t.name, t.status from tenant t
       join association a on a.tenant_id = t.id and a.service = $1
      where t.status = 'active' and a.status = 'active' order by t.id`,
    [service],
  );
  return rows;
}

/** Something that belongs to the tenant has changed: every process reads it anew. Answers the version. The row must be locked. */
export async function touchTenant(
  tx: { readonly client: pg.PoolClient; readonly at: string; nextVersion(): Promise<number> },
  id: TenantId,
): Promise<number> {
  const version = await tx.nextVersion();
  await tx.client.query('update tenant set version = $2, updated_at = $3 where id = $1', [id, version, tx.at]);
  return version;
}

export interface StatusChange {
  readonly status: TenantStatus;
  readonly reason?: string | null;
  readonly purgeAfter?: string | null;
}

/** Sets the status and makes it visible to every process by the feed. The row must be locked. */
export async function setTenantStatus(
  tx: { readonly client: pg.PoolClient; readonly at: string; nextVersion(): Promise<number> },
  id: TenantId,
  change: StatusChange,
): Promise<void> {
  const version = await tx.nextVersion();
  await tx.client.query(
    `update tenant set status = $2, status_reason = $3, purge_after = $4, version = $5, updated_at = $6,
            activated_at = case when $2 = 'active' then coalesce(activated_at, $6) else activated_at end
      where id = $1`,
    [id, change.status, change.reason ?? null, change.purgeAfter ?? null, version, tx.at],
  );
}
