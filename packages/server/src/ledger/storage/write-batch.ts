import { type BalanceState, formatDecimal } from '@cofferdam/core';
import { stringifyJson } from '../../http/json.js';
import { type ArrayElement, arrayText } from './array-text.js';
import type { OperationRow, TransactionRow } from './transaction-rows.js';
import type { TenantClient } from './with-tenant.js';

export interface KeyClaim {
  readonly ledgerId: string;
  readonly hash: Buffer;
  readonly transactionId: string;
  readonly expiresAt: string;
}

/** A hold that ends in this batch. */
export interface StatusChange {
  readonly transactionId: string;
  readonly status: 'APPROVED' | 'CANCELED';
}

/** What a create answered, kept because this batch changes the rows from which it could be rebuilt. */
export interface FirstAnswer {
  readonly transactionId: string;
  /** JSON text. */
  readonly answer: string;
}

export interface OutboxEvent {
  readonly event: 'transaction.posted' | 'transaction.committed' | 'transaction.canceled' | 'transaction.reverted';
  readonly recordId: string;
}

/** Everything a batch leaves behind. */
export interface BatchWrites {
  readonly transactions: readonly TransactionRow[];
  readonly operations: readonly OperationRow[];
  readonly balances: readonly BalanceState[];
  readonly statusChanges: readonly StatusChange[];
  readonly firstAnswers: readonly FirstAnswer[];
  readonly keys: readonly KeyClaim[];
  readonly events: readonly OutboxEvent[];
  /** When: RFC 3339. */
  readonly now: string;
}

/** `usual`: the table's own default. A group of columns that holds nothing else in the whole batch is not sent at all. */
type Column<Row> = readonly [
  name: string,
  type: string,
  value: (row: Row) => ArrayElement,
  usual?: ArrayElement,
  group?: 'notes' | 'overdraft',
];

const transactionColumns: readonly Column<TransactionRow>[] = [
  ['id', 'uuid', (t) => t.id],
  ['organization_id', 'uuid', (t) => t.organization_id],
  ['ledger_id', 'uuid', (t) => t.ledger_id],
  ['parent_transaction_id', 'uuid', (t) => t.parent_transaction_id, null, 'notes'],
  ['status', 'text', (t) => t.status],
  ['asset_code', 'text', (t) => t.asset_code],
  ['amount', 'numeric', (t) => t.amount],
  ['description', 'text', (t) => t.description, '', 'notes'],
  ['chart_of_accounts_group_name', 'text', (t) => t.chart_of_accounts_group_name, '', 'notes'],
  ['route', 'text', (t) => t.route, '', 'notes'],
  ['route_id', 'uuid', (t) => t.route_id, null, 'notes'],
  ['pending_legs', 'jsonb', (t) => (t.pending_legs === null ? null : stringifyJson(t.pending_legs)), null, 'notes'],
  ['fees_skipped', 'boolean', (t) => t.fees_skipped, false, 'notes'],
  ['tracer_skipped', 'boolean', (t) => t.tracer_skipped, false, 'notes'],
  ['metadata', 'jsonb', (t) => stringifyJson(t.metadata), '{}', 'notes'],
  ['created_at', 'timestamptz', (t) => t.created_at],
];

const operationColumns: readonly Column<OperationRow>[] = [
  ['id', 'uuid', (o) => o.id],
  ['transaction_id', 'uuid', (o) => o.transaction_id],
  ['organization_id', 'uuid', (o) => o.organization_id],
  ['ledger_id', 'uuid', (o) => o.ledger_id],
  ['account_id', 'uuid', (o) => o.account_id],
  ['balance_id', 'uuid', (o) => o.balance_id],
  ['account_alias', 'text', (o) => o.account_alias],
  ['balance_key', 'text', (o) => o.balance_key],
  ['balance_direction', 'text', (o) => o.balance_direction],
  ['type', 'text', (o) => o.type],
  ['direction', 'text', (o) => o.direction],
  ['asset_code', 'text', (o) => o.asset_code],
  ['amount', 'numeric', (o) => o.amount],
  ['available_before', 'numeric', (o) => o.available_before],
  ['available_after', 'numeric', (o) => o.available_after],
  ['on_hold_before', 'numeric', (o) => o.on_hold_before],
  ['on_hold_after', 'numeric', (o) => o.on_hold_after],
  ['overdraft_used_before', 'numeric', (o) => o.overdraft_used_before, '0', 'overdraft'],
  ['overdraft_used_after', 'numeric', (o) => o.overdraft_used_after, '0', 'overdraft'],
  ['version_before', 'bigint', (o) => o.version_before],
  ['version_after', 'bigint', (o) => o.version_after],
  ['balance_affected', 'boolean', (o) => o.balance_affected],
  ['status', 'text', (o) => o.status],
  ['description', 'text', (o) => o.description, '', 'notes'],
  ['chart_of_accounts', 'text', (o) => o.chart_of_accounts, '', 'notes'],
  ['route', 'text', (o) => o.route, '', 'notes'],
  ['route_id', 'uuid', (o) => o.route_id, null, 'notes'],
  ['route_code', 'text', (o) => o.route_code, null, 'notes'],
  ['route_description', 'text', (o) => o.route_description, null, 'notes'],
  ['metadata', 'jsonb', (o) => (o.metadata === null ? null : stringifyJson(o.metadata)), null, 'notes'],
  ['created_at', 'timestamptz', (o) => o.created_at],
];

const balanceColumns: readonly Column<BalanceState>[] = [
  ['id', 'uuid', (b) => b.id],
  ['available', 'numeric', (b) => formatDecimal(b.available)],
  ['on_hold', 'numeric', (b) => formatDecimal(b.onHold)],
  ['overdraft_used', 'numeric', (b) => formatDecimal(b.overdraftUsed)],
  ['version', 'bigint', (b) => b.version],
];

const statusColumns: readonly Column<StatusChange>[] = [
  ['id', 'uuid', (s) => s.transactionId],
  ['status', 'text', (s) => s.status],
];

const keyColumns: readonly Column<KeyClaim>[] = [
  ['ledger_id', 'uuid', (k) => k.ledgerId],
  ['key_hash', 'bytea', (k) => k.hash],
  ['transaction_id', 'uuid', (k) => k.transactionId],
  ['expires_at', 'timestamptz', (k) => k.expiresAt],
];

const answerColumns: readonly Column<FirstAnswer>[] = [
  ['id', 'uuid', (f) => f.transactionId],
  ['answer', 'json', (f) => f.answer],
];

const eventColumns: readonly Column<OutboxEvent>[] = [
  ['event', 'text', (e) => e.event],
  ['record_id', 'uuid', (e) => e.recordId],
];

interface WriteStatement {
  readonly name: string;
  readonly text: string;
  readonly values: (batch: BatchWrites) => unknown[];
}

/** What a batch needs of the statement beside the columns that always differ: 16 forms, prepared where they are met. */
interface Form {
  readonly endsHolds: boolean;
  readonly transactionNotes: boolean;
  readonly operationNotes: boolean;
  readonly overdraft: boolean;
}

const statements: ReadonlyMap<string, WriteStatement> = new Map(
  Array.from({ length: 16 }, (_, bits) => {
    const [endsHolds, transactionNotes, operationNotes, overdraft] = [8, 4, 2, 1].map((bit) => (bits & bit) > 0);
    const form = { endsHolds, transactionNotes, operationNotes, overdraft } as Form;
    return [keyOf(form), writeStatement(`write-batch-${keyOf(form)}`, form)];
  }),
);

/**
 * Most batches only create, and without texts: a statement costs by its parts and parameters even when they are empty
 * (measured: a quarter of a microsecond of PostgreSQL for each value).
 */
function statementFor(batch: BatchWrites): WriteStatement {
  const form: Form = {
    endsHolds: batch.statusChanges.length > 0,
    transactionNotes: !areUsual(batch.transactions, transactionColumns, 'notes'),
    operationNotes: !areUsual(batch.operations, operationColumns, 'notes'),
    overdraft: !areUsual(batch.operations, operationColumns, 'overdraft'),
  };
  return statements.get(keyOf(form)) as WriteStatement;
}

function keyOf({ endsHolds, transactionNotes, operationNotes, overdraft }: Form): string {
  return [endsHolds, transactionNotes, operationNotes, overdraft].map(Number).join('');
}

function areUsual<Row>(rows: readonly Row[], columns: readonly Column<Row>[], group: Column<Row>[4]): boolean {
  const looked = columns.filter((column) => column[4] === group);
  return rows.every((row) => looked.every(([, , value, usual]) => value(row) === usual));
}

/**
 * One statement for all tables, so that a batch costs one round trip; the double-entry trigger sees all its operations
 * at once. Keys are inserted sorted, so that two processes wait for each other in one order only, and take over
 * nothing but what has expired. When another process won one of them, fewer rows are written than there are keys, and
 * the division by zero fails the statement: COMMIT has been sent behind it already.
 */
function writeStatement(name: string, form: Form): WriteStatement {
  const transactions = transactionColumns.filter(([, , , , group]) => group === undefined || form.transactionNotes);
  const operations = operationColumns.filter(
    ([, , , , group]) => group === undefined || (group === 'notes' ? form.operationNotes : form.overdraft),
  );
  const parameters: ((batch: BatchWrites) => unknown)[] = [(batch) => batch.now];
  /** Rows as arrays, one a column; `ids` are the first column's, by which updates always look up by index (see `beginPosting`). */
  const source = <Row>(columns: readonly Column<Row>[], rowsOf: (batch: BatchWrites) => readonly Row[]) => {
    const first = parameters.length + 1;
    for (const [, type, value] of columns) parameters.push((batch) => arrayText(type, rowsOf(batch).map(value)));
    const arrays = columns.map(([, type], i) => `$${first + i}::${type}[]`).join(', ');
    return { rows: `unnest(${arrays}) as n (${names(columns)})`, ids: `$${first}::uuid[]` };
  };
  const t = source(transactions, (batch) => batch.transactions);
  const o = source(operations, (batch) => batch.operations);
  const b = source(balanceColumns, (batch) => batch.balances);
  const k = source(keyColumns, (batch) => batch.keys);
  const e = source(eventColumns, (batch) => batch.events);
  const text = /* sql */ `
with t as (
  insert into transaction (${names(transactions)}, updated_at) select *, $1::timestamptz from ${t.rows}
), o as (
  insert into operation (${names(operations)}, updated_at) select *, $1::timestamptz from ${o.rows}
), b as (
  update balance set available = n.available, on_hold = n.on_hold, overdraft_used = n.overdraft_used,
    version = n.version, updated_at = $1::timestamptz
  from ${b.rows} where balance.id = n.id and balance.id = any(${b.ids})
), k as (
  insert into idempotency_key (${names(keyColumns)})
  select * from ${k.rows} order by n.ledger_id, n.key_hash
  on conflict (ledger_id, key_hash) do update
    set transaction_id = excluded.transaction_id, expires_at = excluded.expires_at, first_answer = null
    where idempotency_key.expires_at <= $1::timestamptz
  returning 1
), e as (
  insert into outbox (${names(eventColumns)}) select * from ${e.rows}
)${form.endsHolds ? endingParts(source) : ''}
select 1 / (case when (select count(*) from k) = cardinality(${k.ids}) then 1 else 0 end)`;
  return { name, text, values: (batch) => parameters.map((value) => value(batch)) };
}

type Source = <Row>(
  columns: readonly Column<Row>[],
  rowsOf: (batch: BatchWrites) => readonly Row[],
) => { readonly rows: string; readonly ids: string };

function endingParts(source: Source): string {
  const s = source(statusColumns, (batch) => batch.statusChanges);
  const f = source(answerColumns, (batch) => batch.firstAnswers);
  return /* sql */ `, s as (
  update transaction set status = n.status, pending_legs = null, updated_at = $1::timestamptz
  from ${s.rows} where transaction.id = n.id and transaction.id = any(${s.ids})
), f as (
  update idempotency_key set first_answer = n.answer
  from ${f.rows}
  where idempotency_key.transaction_id = n.id and idempotency_key.transaction_id = any(${f.ids})
    and first_answer is null and expires_at > $1::timestamptz
)`;
}

function names(columns: readonly Column<never>[]): string {
  return columns.map(([name]) => name).join(', ');
}

/**
 * Writes a planned batch into the open transaction of `client`. The balances must be locked by it. See `isKeyRace`. What
 * cannot be put into words throws at once, not in the promise: COMMIT may be sent before anybody looks at that.
 */
export function writeBatch(client: TenantClient, batch: BatchWrites): Promise<unknown> {
  const { name, text, values } = statementFor(batch);
  return client.query({ name, text, values: values(batch) });
}

/** Whether `writeBatch` failed because another process had claimed one of the keys. Nothing else in it divides. */
export function isKeyRace(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === '22012';
}
