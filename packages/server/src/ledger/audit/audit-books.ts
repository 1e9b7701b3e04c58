import { sql } from 'kysely';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { withTenant } from '../storage/with-tenant.js';

export interface AuditFinding {
  /** Which rule is broken. */
  readonly rule: string;
  /** Rows that break it. */
  readonly count: number;
  /** The first of them. */
  readonly example: string;
}

/**
 * What foreign keys would have guaranteed and what the books must add up to, each as one set-based query that returns the
 * offending ids (design.md: no foreign keys on transaction and operation; the planner, the locks and this audit stand for them).
 */
const rules: Readonly<Record<string, string>> = {
  'debits equal credits, per transaction and asset': `
    select transaction_id::text as id from operation
    group by transaction_id, asset_code
    having sum((on_hold_after - on_hold_before)
      + case balance_direction when 'credit' then 1 else -1 end * (available_after - available_before)) <> 0`,
  'a balance is what its last operation left': `
    select b.id::text as id from balance b
    join lateral (
      select available_after, on_hold_after, version_after from operation o
      where o.account_id = b.account_id and o.balance_id = b.id and o.balance_affected
      order by o.version_after desc limit 1
    ) last on true
    where (b.available, b.on_hold, b.version) is distinct from (last.available_after, last.on_hold_after, last.version_after)`,
  'a balance without operations is zero': `
    select b.id::text as id from balance b
    where (b.available <> 0 or b.on_hold <> 0)
      and not exists (select from operation o where o.account_id = b.account_id and o.balance_id = b.id)`,
  'operations of a balance follow one another without a gap': `
    select id::text from (
      select id, available_before, version_before,
        lag(available_after) over steps as available_previous, lag(version_after) over steps as version_previous
      from operation where balance_affected window steps as (partition by balance_id order by version_after)
    ) o where version_previous is not null and (available_previous <> available_before or version_previous <> version_before)`,
  'an overdraft companion carries what its account owes': `
    select account_id::text as id from balance
    where deleted_at is null
    group by account_id
    having coalesce(sum(available) filter (where key = 'overdraft' and settings ->> 'balanceScope' = 'internal'), 0)
      <> sum(overdraft_used)`,
  'an operation belongs to a transaction of its ledger': `
    select o.id::text as id from operation o left join transaction t on t.id = o.transaction_id
    where t.id is null or t.ledger_id <> o.ledger_id`,
  'an operation belongs to a balance of its account': `
    select o.id::text as id from operation o left join balance b on b.id = o.balance_id
    where b.id is null or b.account_id <> o.account_id`,
  'a transaction has operations': `
    select t.id::text as id from transaction t where not exists (select from operation o where o.transaction_id = t.id)`,
  'an idempotency key leads to a transaction': `
    select k.transaction_id::text as id from idempotency_key k left join transaction t on t.id = k.transaction_id
    where t.id is null`,
};

/** Reads all books of a store. Takes as long as reading every operation takes: for `cofferdam doctor`, not for requests. */
export async function auditBooks(tenant: TenantContext, onRule?: (rule: string) => void): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = [];
  for (const [rule, query] of Object.entries(rules)) {
    onRule?.(rule);
    const { rows } = await withTenant(tenant, async (tx) => {
      // As long as it takes: the login's own limit is made for requests.
      await sql`set local statement_timeout = 0`.execute(tx);
      return sql<{ count: number; example: string | null }>`
        select count(*) as count, min(broken.id) as example from (${sql.raw(query)}) broken`.execute(tx);
    });
    const [found] = rows;
    if (found?.example) findings.push({ rule, count: Number(found.count), example: found.example });
  }
  return findings;
}
