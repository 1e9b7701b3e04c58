import type { Migration } from '../../postgres/migration.js';

/**
 * The accounting routes of a ledger (ledger-api §7): which operation routes a transaction of a transaction route must
 * use, who may stand on them, and the rubrics of their operations.
 */
export const routes: Migration = {
  id: '0002_routes',
  sql: /* sql */ `
create table operation_route (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  title text not null,
  description text,
  code text,
  operation_type text not null check (operation_type in ('source', 'destination', 'bidirectional')),
  -- {"ruleType", "validIf"}: which accounts may stand on this route
  account jsonb,
  -- by scenario: {"direct": {"debit": {"code", "description"}, "credit": …}, …}
  accounting_entries jsonb,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index operation_route_ledger on operation_route (ledger_id, id);

create table transaction_route (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  title text not null,
  description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index transaction_route_ledger on transaction_route (ledger_id, id);

-- Rows only while both are alive: deleting a transaction route detaches it, and a linked operation route cannot be deleted.
create table transaction_route_member (
  transaction_route_id uuid not null references transaction_route (id),
  operation_route_id uuid not null references operation_route (id),
  -- place in the client's list
  position int not null,
  primary key (transaction_route_id, operation_route_id)
);
create index transaction_route_member_operation_route on transaction_route_member (operation_route_id);
`,
};
