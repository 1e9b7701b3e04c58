import type { AccountingEntries, OperationRouteType } from '@cofferdam/core';
import type { ColumnType, Generated } from 'kysely';
import type { StoredSettings } from './ledger-settings.js';

/**
 * The tables of `migrations/0001-books.ts`, as the queries see them (`postgres/pool.ts` says how values are parsed).
 * Times are RFC 3339 text in UTC with the digits PostgreSQL keeps (microseconds); a JavaScript Date would lose three.
 */
export type Timestamp = string;

/** Exact decimal, never a float. */
export type Decimal = string;

/** Read as parsed lossless JSON, written as JSON text (`stringifyJson`), so that no digit passes through a float. */
export type JsonColumn<T> = ColumnType<T, string, string>;

/** Flat: text, booleans, and numbers (plain where they are safe integers, else lossless-json's `LosslessNumber`). */
export type Metadata = Readonly<Record<string, unknown>>;

/** Members that every entity of the books has. Rows with `deleted_at` are invisible to every read. */
export interface EntityColumns {
  id: string;
  created_at: Timestamp;
  updated_at: Timestamp;
  deleted_at: Timestamp | null;
}

interface DescribedColumns extends EntityColumns {
  status_code: string;
  status_description: string | null;
  metadata: JsonColumn<Metadata>;
}

interface InLedger {
  organization_id: string;
  ledger_id: string;
}

export interface OrganizationTable extends DescribedColumns {
  parent_organization_id: string | null;
  legal_name: string;
  doing_business_as: string | null;
  legal_document: string;
  address: ColumnType<Readonly<Record<string, unknown>> | null, string | null, string | null>;
}

export interface LedgerTable extends DescribedColumns {
  organization_id: string;
  name: string;
  /** Null: never customised. Members left out are the defaults of ledger-api §4.3. */
  settings: ColumnType<StoredSettings | null, string | null, string | null>;
}

export interface AssetTable extends DescribedColumns, InLedger {
  name: string;
  type: string;
  code: string;
}

export interface PortfolioTable extends DescribedColumns, InLedger {
  name: string;
  entity_id: string | null;
}

export interface SegmentTable extends DescribedColumns, InLedger {
  name: string;
}

export interface AccountTypeTable extends EntityColumns, InLedger {
  name: string;
  description: string | null;
  /** Lower case; what the `type` of an account is compared with. */
  key_value: string;
  metadata: JsonColumn<Metadata>;
}

export interface AccountTable extends DescribedColumns, InLedger {
  parent_account_id: string | null;
  portfolio_id: string | null;
  segment_id: string | null;
  entity_id: string | null;
  holder_id: string | null;
  holder_check_skipped: boolean;
  name: string;
  asset_code: string;
  type: string;
  alias: string;
  blocked: boolean;
}

/** Ledger-api §4.9. Stored under snake-less JSON names as the wire has them. */
export interface BalanceSettings {
  readonly balanceScope: 'transactional' | 'internal';
  readonly allowOverdraft: boolean;
  readonly overdraftLimitEnabled: boolean;
  /** Decimal text; absent when there is no limit. */
  readonly overdraftLimit?: string;
}

export interface BalanceTable extends EntityColumns, InLedger {
  account_id: string;
  alias: string;
  key: string;
  asset_code: string;
  account_type: string;
  direction: 'credit' | 'debit';
  available: Generated<Decimal>;
  on_hold: Generated<Decimal>;
  overdraft_used: Generated<Decimal>;
  version: Generated<number>;
  allow_sending: Generated<boolean>;
  allow_receiving: Generated<boolean>;
  settings: ColumnType<BalanceSettings | null, string | null, string | null>;
}

export interface TransactionTable extends EntityColumns, InLedger {
  parent_transaction_id: string | null;
  status: 'APPROVED' | 'PENDING' | 'CANCELED' | 'NOTED';
  asset_code: string;
  amount: Decimal;
  description: Generated<string>;
  chart_of_accounts_group_name: Generated<string>;
  route: Generated<string>;
  route_id: string | null;
  pending_legs: ColumnType<unknown, string | null, string | null>;
  fees_skipped: Generated<boolean>;
  tracer_skipped: Generated<boolean>;
  metadata: JsonColumn<Metadata>;
}

export interface OperationTable extends EntityColumns, InLedger {
  transaction_id: string;
  account_id: string;
  balance_id: string;
  account_alias: string;
  balance_key: string;
  balance_direction: 'credit' | 'debit';
  type: string;
  direction: string;
  asset_code: string;
  amount: Decimal;
  available_before: Decimal;
  available_after: Decimal;
  on_hold_before: Decimal;
  on_hold_after: Decimal;
  overdraft_used_before: Generated<Decimal>;
  overdraft_used_after: Generated<Decimal>;
  version_before: number;
  version_after: number;
  balance_affected: Generated<boolean>;
  status: string;
  description: Generated<string>;
  chart_of_accounts: Generated<string>;
  route: Generated<string>;
  route_id: string | null;
  route_code: string | null;
  route_description: string | null;
  metadata: ColumnType<Metadata | null, string | null, string | null>;
}

export interface OperationRouteTable extends EntityColumns, InLedger {
  title: string;
  description: string | null;
  code: string | null;
  operation_type: OperationRouteType;
  /** `{ruleType, validIf}`; checked again where it is used, because older releases may have stored others. */
  account: ColumnType<unknown, string | null, string | null>;
  accounting_entries: ColumnType<AccountingEntries | null, string | null, string | null>;
  metadata: JsonColumn<Metadata>;
}

export interface TransactionRouteTable extends EntityColumns, InLedger {
  title: string;
  description: string | null;
  metadata: JsonColumn<Metadata>;
}

/** Which operation routes a transaction route is made of. */
export interface TransactionRouteMemberTable {
  transaction_route_id: string;
  operation_route_id: string;
  position: number;
}

/** `rate` / 10^`scale` of `to_code` for one of `from_code`; one a pair. */
export interface AssetRateTable extends EntityColumns, InLedger {
  external_id: string;
  from_code: string;
  to_code: string;
  rate: number;
  scale: number;
  source: string | null;
  ttl_seconds: number;
  /** Only what older clients say (ledger-api §15.1 row 3). */
  effective_at: Timestamp | null;
  expiration_at: Timestamp | null;
  metadata: JsonColumn<Metadata>;
}

/** A part of a holder or instrument as the wire has it; null: not said. */
export type PartColumn = ColumnType<Readonly<Record<string, unknown>> | null, string | null, string | null>;

export interface HolderTable extends EntityColumns {
  organization_id: string;
  type: string;
  name: string;
  document: string;
  external_id: string | null;
  addresses: PartColumn;
  contact: PartColumn;
  natural_person: PartColumn;
  legal_person: PartColumn;
  metadata: JsonColumn<Metadata>;
}

export interface RelatedParty {
  readonly id: string;
  readonly document: string;
  readonly name: string;
  readonly role: string;
  readonly startDate: string;
  readonly endDate?: string;
}

export interface InstrumentTable extends EntityColumns, InLedger {
  holder_id: string;
  account_id: string;
  document: string;
  type: string;
  banking_details: PartColumn;
  regulatory_fields: PartColumn;
  related_parties: ColumnType<readonly RelatedParty[], string, string>;
  metadata: JsonColumn<Metadata>;
}

/** A remembered create of a holder or instrument. */
export interface RecordKeyTable {
  scope_id: string;
  key_hash: Buffer;
  expires_at: Timestamp;
  first_answer: ColumnType<unknown, string | null, string | null>;
}

export interface IdempotencyKeyTable {
  ledger_id: string;
  key_hash: Buffer;
  transaction_id: string;
  expires_at: Timestamp;
  first_answer: ColumnType<unknown, string | null, string | null>;
}

export interface OutboxTable {
  position: ColumnType<number, never, never>;
  xid: ColumnType<string, never, never>;
  event: string;
  record_id: string;
  created_at: ColumnType<Timestamp, never, never>;
}

export interface LedgerTables {
  organization: OrganizationTable;
  ledger: LedgerTable;
  asset: AssetTable;
  portfolio: PortfolioTable;
  segment: SegmentTable;
  account_type: AccountTypeTable;
  account: AccountTable;
  balance: BalanceTable;
  transaction: TransactionTable;
  operation: OperationTable;
  operation_route: OperationRouteTable;
  transaction_route: TransactionRouteTable;
  transaction_route_member: TransactionRouteMemberTable;
  asset_rate: AssetRateTable;
  holder: HolderTable;
  instrument: InstrumentTable;
  record_key: RecordKeyTable;
  idempotency_key: IdempotencyKeyTable;
  outbox: OutboxTable;
}
