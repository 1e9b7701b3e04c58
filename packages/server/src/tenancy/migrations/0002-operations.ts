import type { Migration } from '../../postgres/migration.js';

/**
 * Long operations as rows of their own, servers that are administered with credentials kept here (sealed), and where a
 * tenant's database came from.
 */
export const operations: Migration = {
  id: '0002_operations',
  sql: /* sql */ `
-- What takes longer than a request. Unfinished ones are taken up again by any process of the tenants part.
create table operation (
  -- UUIDv7: in order of creation
  id text primary key,
  kind text not null check (kind ~ '^[a-z]+\\.[a-z-]+$'),
  tenant_id text references tenant (id),
  state text not null check (state in ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
  step text,
  done integer not null default 0,
  total integer not null default 0,
  attempts integer not null default 0,
  actor text not null,
  -- what the next step needs to know; never a secret
  details jsonb not null default '{}',
  -- ciphertext: secrets that the next step needs; null when finished
  input text,
  error text,
  -- a waiting one begins after this
  not_before timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz
);
create index operation_tenant on operation (tenant_id, id);
create unique index operation_unfinished on operation (tenant_id, kind) where state in ('waiting', 'running');

create index audit_action on audit (action, id);

-- Servers other than the first are administered with what stands here; of the first one it is DATABASE_URL.
alter table server
  add column admin_user text,
  add column admin_database text,
  -- ciphertext
  add column admin_credential text,
  -- tenants at most; null: no bound
  add column capacity integer check (capacity >= 0),
  add column labels jsonb not null default '{}',
  -- given: one tenant's own database, brought by the operator; never chosen for another
  add column kind text not null default 'shared' check (kind in ('shared', 'given')),
  -- [{"host": text, "port": integer}]: streaming replicas, reached with the server's tls
  add column replicas jsonb not null default '[]',
  -- of pg_control_system(): two addresses of one cluster are one server
  add column system_identifier text;

alter table placement
  -- created: the database (or schema) is ours; given: only what we made in it; adopted: it was the single-tenant one
  add column origin text not null default 'created' check (origin in ('created', 'given', 'adopted')),
  add column connections_idle integer check (connections_idle between 0 and 50),
  -- of the run-time login; null: the default of 30 s
  add column statement_timeout_ms integer check (statement_timeout_ms between 1 and 3600000),
  add column read_from text not null default 'primary' check (read_from in ('primary', 'replica'));

create or replace view ledger_tenant as
  select t.id, t.slug, t.status, a.status as association_status,
         greatest(t.version, s.version) as version, t.version as tenant_version, s.version as server_version,
         s.host, s.port, s.tls, p.database_name, p.schema_name, p.runtime_login, p.runtime_credential,
         p.connections_max, greatest(p.config_version, s.version) as config_version, p.schema_version,
         p.connections_idle, p.statement_timeout_ms, p.read_from, s.replicas
    from tenant t
    left join association a on a.tenant_id = t.id and a.service = 'ledger'
    left join placement p on p.tenant_id = t.id
    left join server s on s.id = p.server_id;
`,
};
