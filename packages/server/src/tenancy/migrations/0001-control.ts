import type { Migration } from '../../postgres/migration.js';

/**
 * The control database: which tenants exist, where their books are, and what happened to them. Products read it through
 * the views at the end with logins of their own; only the tenants part holds the tables.
 */
export const control: Migration = {
  id: '0001_control',
  sql: /* sql */ `
-- One row, bumped in the transaction of each change. A sequence polled by "id > last" would skip what commits late;
-- the row lock makes the order of counters the order of commits.
create table change_feed (
  only_row boolean primary key default true check (only_row),
  counter bigint not null default 0
);
insert into change_feed default values;

-- PostgreSQL servers that hold tenants. How to administer one is configuration, never stored here.
create table server (
  id text primary key,
  host text not null,
  port integer not null check (port between 1 and 65535),
  -- null: no TLS; else {"rejectUnauthorized": boolean, "ca"?: text}
  tls jsonb,
  state text not null default 'open' check (state in ('open', 'draining')),
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- A row stays for ever: ids are never used again.
create table tenant (
  id text primary key,
  slug text not null check (slug ~ '^[a-z][a-z0-9-]{1,62}$'),
  name text not null,
  isolation text not null check (isolation in ('database', 'schema')),
  status text not null check (status in ('provisioning', 'failed', 'active', 'suspended', 'deleting', 'deleted')),
  -- why it failed; for operators
  status_reason text,
  metadata jsonb not null default '{}',
  owner_email text,
  -- the client through which its people log in
  login_client_id text,
  application_id text,
  application_client_id text,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  activated_at timestamptz,
  -- status deleting: data is dropped after this; once the purge has begun there is no way back
  purge_after timestamptz,
  purge_started_at timestamptz,
  deleted_at timestamptz
);
-- File systems, DNS and unquoted identifiers fold case: ids that differ by case only are one id.
create unique index tenant_id_folded on tenant (lower(id));
-- A slug is free again at "deleted", not before.
create unique index tenant_slug_live on tenant (slug) where status <> 'deleted';
create index tenant_version on tenant (version);
create index tenant_unfinished on tenant (status) where status in ('provisioning', 'deleting');

-- A service that a tenant uses. So far only "ledger", made together with the tenant.
create table association (
  tenant_id text not null references tenant (id),
  service text not null check (service ~ '^[a-z][a-z0-9-]{0,31}$'),
  status text not null check (status in ('provisioning', 'active', 'suspended', 'purged', 'failed')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, service)
);

-- Where the books of a tenant are, and the logins that reach them. Credentials are ciphertext (credentials.ts), null after the purge.
create table placement (
  tenant_id text primary key references tenant (id),
  server_id text not null references server (id),
  database_name text not null,
  schema_name text not null,
  owner_role text not null,
  migrator_login text not null unique,
  migrator_credential text,
  runtime_login text not null unique,
  runtime_credential text,
  -- null: the process's own default
  connections_max integer check (connections_max between 1 and 200),
  -- grows when anything a connection is made with changes: pools are replaced
  config_version bigint not null,
  -- id of the last ledger migration that was applied
  schema_version text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index placement_server on placement (server_id);

-- The state machine of provisioning: which steps are done, so that a killed run goes on where it was.
create table provisioning (
  tenant_id text primary key references tenant (id),
  -- step -> milliseconds it took
  done jsonb not null default '{}',
  step text,
  attempts integer not null default 0,
  error text,
  -- ciphertext: the password hash and the application's secret hash; null when seeded
  input text,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz
);

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  tenant_id text,
  outcome text not null check (outcome in ('done', 'refused', 'failed')),
  details jsonb not null default '{}'
);
create index audit_tenant on audit (tenant_id, id);

-- What a ledger process may know: no names of people or firms, no migrator.
create view ledger_tenant as
  select t.id, t.slug, t.status, a.status as association_status,
         greatest(t.version, s.version) as version, t.version as tenant_version, s.version as server_version,
         s.host, s.port, s.tls, p.database_name, p.schema_name, p.runtime_login, p.runtime_credential,
         p.connections_max, greatest(p.config_version, s.version) as config_version, p.schema_version
    from tenant t
    left join association a on a.tenant_id = t.id and a.service = 'ledger'
    left join placement p on p.tenant_id = t.id
    left join server s on s.id = p.server_id;

-- What the Access Manager may know: no placement, no credential.
create view access_tenant as
  select id, slug, name, status, version, version as tenant_version, 0::bigint as server_version from tenant;

create view feed as select counter from change_feed;
`,
};
