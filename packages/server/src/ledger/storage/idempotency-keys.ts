import type { StoredSettings } from './ledger-settings.js';
import type { TenantClient } from './with-tenant.js';

/** One remembered create: which transaction it made. */
export interface KnownKey {
  readonly ledgerId: string;
  readonly hash: Buffer;
  readonly transactionId: string;
}

export interface LiveLedger {
  readonly ledgerId: string;
  readonly organizationId: string;
  readonly settings: StoredSettings | null;
}

/** What a batch must know beside its balances, from one fresh snapshot taken after the locks. */
export interface BatchContext {
  /** Live ledgers of live organizations. */
  readonly ledgers: readonly LiveLedger[];
  readonly keys: readonly KnownKey[];
  /** The database's own number of this transaction, by which its outcome can be asked for later. */
  readonly xid: string;
}

// `limit 1` keeps each lookup a lookup by its unique index, whatever the planner thinks of the tables' sizes.
// A statement of its own after the locks: a twin that made us wait for a balance has committed its key by now, and
// only a new snapshot shows it.
const readContextSql = /* sql */ `
select l.id as ledger_id, l.organization_id, l.settings, null::bytea as key_hash, null::uuid as transaction_id,
       null as xid
from unnest($1::uuid[]) as w (id)
cross join lateral (select * from ledger where id = w.id limit 1) l
cross join lateral (select deleted_at from organization where id = l.organization_id limit 1) o
where l.deleted_at is null and o.deleted_at is null
union all
select k.ledger_id, null, null, k.key_hash, k.transaction_id, null
from unnest($2::uuid[], $3::bytea[]) as w (ledger_id, key_hash)
cross join lateral (
  select * from idempotency_key where ledger_id = w.ledger_id and key_hash = w.key_hash limit 1
) k
where k.expires_at > $4
union all
select null, null, null, null, null, pg_current_xact_id()::text`;

interface ContextRow {
  ledger_id: string | null;
  organization_id: string | null;
  settings: StoredSettings | null;
  key_hash: Buffer | null;
  transaction_id: string | null;
  xid: string | null;
}

/** `now`: keys that have expired by then are unknown. */
export async function readBatchContext(
  client: TenantClient,
  ledgerIds: readonly string[],
  keys: readonly { readonly ledgerId: string; readonly hash: Buffer }[],
  now: Date,
): Promise<BatchContext> {
  const { rows } = await client.query<ContextRow>({
    name: 'read-batch-context',
    text: readContextSql,
    values: [ledgerIds, keys.map((k) => k.ledgerId), keys.map((k) => k.hash), now.toISOString()],
  });
  const ledgers: LiveLedger[] = [];
  const known: KnownKey[] = [];
  let xid = '';
  for (const row of rows) {
    if (row.ledger_id === null) xid = row.xid ?? '';
    else if (row.organization_id !== null)
      ledgers.push({ ledgerId: row.ledger_id, organizationId: row.organization_id, settings: row.settings });
    else if (row.key_hash !== null && row.transaction_id !== null)
      known.push({ ledgerId: row.ledger_id, hash: row.key_hash, transactionId: row.transaction_id });
  }
  return { ledgers, keys: known, xid };
}

// `skip locked`: a batch may be taking one of these over at this moment; it keeps it.
const sweepSql = /* sql */ `
delete from idempotency_key where ctid = any(array(
  select ctid from idempotency_key where expires_at <= $1 order by expires_at limit $2 for update skip locked
))`;

/** Removes expired keys, at most `rowsMax`, as a statement of its own. Answers how many. */
export async function sweepExpiredKeys(client: TenantClient, now: Date, rowsMax: number): Promise<number> {
  const { rowCount } = await client.query(sweepSql, [now.toISOString(), rowsMax]);
  return rowCount ?? 0;
}
