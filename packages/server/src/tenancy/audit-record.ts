import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';

/** Who did what, when, to which tenant, and what became of it. */
export interface AuditRecord {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly tenantId: string | null;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly details: Readonly<Record<string, unknown>>;
}

export const auditOutcomes = ['done', 'refused', 'failed'] as const;

/** Newest first, `before` excluded. */
export async function listAudit(
  client: pg.Pool,
  page: {
    readonly limit: number;
    readonly before?: number;
    readonly tenantId?: TenantId;
    readonly action?: string;
    readonly actor?: string;
    readonly outcome?: AuditRecord['outcome'];
  },
): Promise<AuditRecord[]> {
  const { rows } = await client.query<AuditRecord>(
    `select id, at, actor, action, tenant_id as "tenantId", outcome, details from audit
      where ($1::bigint is null or id < $1) and ($2::text is null or tenant_id = $2)
        and ($3::text is null or action = $3) and ($4::text is null or actor = $4) and ($5::text is null or outcome = $5)
      order by id desc limit $6`,
    [
      page.before ?? null,
      page.tenantId ?? null,
      page.action ?? null,
      page.actor ?? null,
      page.outcome ?? null,
      page.limit,
    ],
  );
  return rows;
}
