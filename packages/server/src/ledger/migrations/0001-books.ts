import type { Migration } from '../../postgres/migration.js';

/**
 * The books of one tenant. No tenant column anywhere: the login reaches this schema and nothing else.
 *
 * No foreign keys on transaction and operation: three of them cost 36–52 µs a row where a whole row costs 14
 * (design.md); the planner, the row locks and `cofferdam doctor` stand for them.
 */
export const books: Migration = {
  id: '0001_books',
  sql: /* sql */ `
create table organization (
  id uuid primary key,
  parent_organization_id uuid references organization (id),
  legal_name text not null,
  doing_business_as text,
  legal_document text not null,
  address jsonb,
  status_code text not null,
  status_description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);

create table ledger (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  name text not null,
  settings jsonb,
  status_code text not null,
  status_description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
-- Not unique: a name is checked when a ledger is created, under a lock on its organization, and not when it is renamed.
create index ledger_name_live on ledger (organization_id, lower(name)) where deleted_at is null;
create index ledger_organization on ledger (organization_id, id);

create table asset (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  name text not null,
  type text not null,
  code text not null,
  status_code text not null,
  status_description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create unique index asset_code_live on asset (ledger_id, code) where deleted_at is null;
create index asset_ledger on asset (ledger_id, id);

create table portfolio (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  name text not null,
  entity_id text,
  status_code text not null,
  status_description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index portfolio_ledger on portfolio (ledger_id, id);

create table segment (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  name text not null,
  status_code text not null,
  status_description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index segment_ledger on segment (ledger_id, id);

create table account_type (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  name text not null,
  description text,
  key_value text not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create unique index account_type_key_live on account_type (ledger_id, key_value) where deleted_at is null;
create index account_type_ledger on account_type (ledger_id, id);

create table account (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  parent_account_id uuid references account (id),
  portfolio_id uuid references portfolio (id),
  segment_id uuid references segment (id),
  entity_id text,
  holder_id uuid,
  holder_check_skipped boolean not null default false,
  name text not null,
  asset_code text not null,
  type text not null,
  alias text not null,
  blocked boolean not null default false,
  status_code text not null,
  status_description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create unique index account_alias_live on account (ledger_id, alias) where deleted_at is null;
create index account_ledger on account (ledger_id, created_at, id);

create table balance (
  id uuid primary key,
  organization_id uuid not null,
  ledger_id uuid not null,
  account_id uuid not null references account (id),
  alias text not null,
  key text not null,
  asset_code text not null,
  account_type text not null,
  direction text not null check (direction in ('credit', 'debit')),
  available numeric not null default 0,
  on_hold numeric not null default 0,
  overdraft_used numeric not null default 0,
  version bigint not null default 0,
  allow_sending boolean not null default true,
  allow_receiving boolean not null default true,
  settings jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  constraint balance_available_not_negative check (available >= 0 or account_type = 'external'),
  constraint balance_on_hold_not_negative check (on_hold >= 0),
  constraint balance_overdraft_used_not_negative check (overdraft_used >= 0)
) with (fillfactor = 70);
create unique index balance_alias_key_live on balance (ledger_id, alias, key) where deleted_at is null;
create index balance_account on balance (account_id, id);
create index balance_ledger on balance (ledger_id, id);

create table transaction (
  id uuid primary key,
  organization_id uuid not null,
  ledger_id uuid not null,
  parent_transaction_id uuid,
  status text not null check (status in ('APPROVED', 'PENDING', 'CANCELED', 'NOTED')),
  asset_code text not null,
  amount numeric not null check (amount > 0),
  description text not null default '',
  chart_of_accounts_group_name text not null default '',
  route text not null default '',
  route_id uuid,
  -- the resolved legs, kept only while a hold waits for its commit or cancel
  pending_legs jsonb,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index transaction_ledger on transaction (ledger_id, id);
create unique index transaction_reverted_once on transaction (parent_transaction_id) where parent_transaction_id is not null;

-- One debit or credit line. The before and after values are what the balance was and became.
create table operation (
  id uuid primary key,
  transaction_id uuid not null,
  organization_id uuid not null,
  ledger_id uuid not null,
  account_id uuid not null,
  balance_id uuid not null,
  account_alias text not null,
  balance_key text not null,
  -- direction of the balance, not of the line: the trigger below needs it
  balance_direction text not null,
  type text not null,
  direction text not null,
  asset_code text not null,
  amount numeric not null check (amount >= 0),
  available_before numeric not null,
  available_after numeric not null,
  on_hold_before numeric not null,
  on_hold_after numeric not null,
  overdraft_used_before numeric not null default 0,
  overdraft_used_after numeric not null default 0,
  version_before bigint not null,
  version_after bigint not null,
  balance_affected boolean not null default true,
  status text not null,
  description text not null default '',
  chart_of_accounts text not null default '',
  route text not null default '',
  route_id uuid,
  route_code text,
  route_description text,
  metadata jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index operation_transaction on operation (transaction_id, id);
create index operation_account on operation (account_id, id);
-- what a balance was at a moment: the last line up to it, by version where several share the moment
create index operation_balance on operation (balance_id, created_at, version_after);

-- The database's own double-entry check, once a statement over all rows it inserted (design.md, "The database's own check").
-- net = available + onHold of a credit-direction balance, onHold − available of a debit-direction one.
create function refuse_unbalanced_operations() returns trigger language plpgsql as $$
declare
  unbalanced uuid;
begin
  select o.transaction_id into unbalanced
  from inserted_operations o
  group by o.transaction_id, o.asset_code
  having sum(
    (o.on_hold_after - o.on_hold_before)
    + case o.balance_direction when 'credit' then 1 else -1 end * (o.available_after - o.available_before)
  ) <> 0
  limit 1;
  if found then
    raise exception 'operations of transaction % do not balance', unbalanced
      using errcode = 'check_violation', constraint = 'operations_balance';
  end if;
  return null;
end
$$;
create trigger operations_balance after insert on operation
  referencing new table as inserted_operations
  for each statement execute function refuse_unbalanced_operations();

-- A key is stored as SHA-256 of its kind and text: fixed size, any characters. The first answer is rebuilt from the
-- transaction's own rows; it is written here only when a later change (PATCH, commit, cancel) would alter that answer.
create table idempotency_key (
  ledger_id uuid not null,
  key_hash bytea not null,
  transaction_id uuid not null,
  expires_at timestamptz not null,
  -- json, not jsonb: a replay must be the first answer letter by letter
  first_answer json,
  primary key (ledger_id, key_hash)
);
create index idempotency_key_expiry on idempotency_key (expires_at);
create index idempotency_key_transaction on idempotency_key (transaction_id);

-- What happened, in the commit in which it happened. Readers follow (xid, position) below pg_snapshot_xmin, so that
-- nothing committed late is skipped; a relay comes later.
create table outbox (
  position bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  event text not null,
  record_id uuid not null,
  created_at timestamptz not null default now()
);
`,
};
