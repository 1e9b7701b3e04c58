import type { Migration } from '../../postgres/migration.js';
import { systemTenantId } from '../reserved-tenants.js';
import { tenantWall } from './tenant-wall.js';

/**
 * The shared user directory: one of the two exceptions to "never stored together" (contract). So every row carries its
 * tenant in the primary key, and row-level security is forced, also on the tables' owner: a transaction that has not
 * named its tenant sees nothing. References go by (tenant_id, id): a row cannot point at another tenant's.
 */
const tenantTables = [
  'tenant_directory',
  'app_user',
  'user_group',
  'user_group_membership',
  'group_role',
  'application',
  'audit_event',
];

const walls = tenantTables.map(tenantWall).join('\n');

export const directory: Migration = {
  id: '0001_directory',
  sql: /* sql */ `
-- Not tenant data. The private half is encrypted with a key that the database never sees.
create table signing_key (
  kid text primary key,
  algorithm text not null check (algorithm in ('RS256', 'ES256', 'EdDSA')),
  public_jwk jsonb not null,
  private_key_sealed bytea not null,
  -- Upcoming keys are published before anything is signed with them.
  state text not null check (state in ('upcoming', 'active', 'retiring')),
  created_at timestamptz not null,
  -- Retiring keys stay published until the last token they signed has expired.
  publish_until timestamptz,
  check ((state = 'retiring') = (publish_until is not null))
);
create unique index signing_key_one_active on signing_key ((true)) where state = 'active';

create table tenant_directory (
  tenant_id text primary key check (tenant_id <> ''),
  slug text not null,
  name text not null,
  -- The claim "owner" of tokens: the name of the tenant's organization in the Access Manager.
  owner_organization text not null,
  created_at timestamptz not null
);

create table app_user (
  tenant_id text not null references tenant_directory on delete cascade,
  id uuid not null,
  username text not null,
  email text not null,
  email_verified boolean not null default false,
  first_name text not null default '',
  last_name text not null default '',
  password_hash text not null,
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, id)
);
create unique index app_user_username on app_user (tenant_id, lower(username));
create unique index app_user_email on app_user (tenant_id, lower(email));

create table user_group (
  tenant_id text not null references tenant_directory on delete cascade,
  id uuid not null,
  name text not null,
  created_at timestamptz not null,
  primary key (tenant_id, id)
);
create unique index user_group_name on user_group (tenant_id, name);

create table user_group_membership (
  tenant_id text not null,
  user_id uuid not null,
  group_id uuid not null,
  primary key (tenant_id, user_id, group_id),
  foreign key (tenant_id, user_id) references app_user on delete cascade,
  foreign key (tenant_id, group_id) references user_group on delete cascade
);
create index user_group_membership_group on user_group_membership (tenant_id, group_id);

create table group_role (
  tenant_id text not null,
  group_id uuid not null,
  role text not null,
  primary key (tenant_id, group_id, role),
  foreign key (tenant_id, group_id) references user_group on delete cascade
);

create table application (
  tenant_id text not null references tenant_directory on delete cascade,
  id uuid not null,
  -- Random and public; the one thing that says which tenant a login belongs to.
  client_id text not null,
  -- Absent for the system application through which persons log in: it is no machine.
  secret_hmac bytea check (octet_length(secret_hmac) = 32),
  name text not null,
  description text not null default '',
  product text not null default 'midaz',
  role text check (role in ('viewer', 'contributor', 'editor')),
  is_system boolean not null default false,
  expires_at timestamptz,
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, id)
);
create unique index application_client_id on application (client_id);
create unique index application_one_system on application (tenant_id) where is_system;

create table audit_event (
  tenant_id text not null references tenant_directory on delete cascade,
  id uuid not null,
  at timestamptz not null,
  kind text not null,
  result text not null,
  reason text,
  -- A user id or client id known to this directory; never free text of a caller, who may have typed a password there.
  actor text,
  address text,
  primary key (tenant_id, id)
);

${walls}

select set_config('cofferdam.tenant_id', '${systemTenantId}', true);
insert into tenant_directory (tenant_id, slug, name, owner_organization, created_at)
values ('${systemTenantId}', 'system', 'System', 'system', now());
`,
};
