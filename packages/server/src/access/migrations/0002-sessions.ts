import type { Migration } from '../../postgres/migration.js';
import { tenantWall } from './tenant-wall.js';

/** What a login leaves behind. Walled as in 0001: tenant in every primary key, row-level security forced. */
const tenantTables = [
  'login_session',
  'refresh_token',
  'revoked_token',
  'user_mfa',
  'recovery_code',
  'mfa_session',
  'remembered_device',
];

const walls = tenantTables.map(tenantWall).join('\n');

export const sessions: Migration = {
  id: '0002_sessions',
  sql: /* sql */ `
-- When an upcoming key begins to sign: every process reads it beforehand and changes over by the clock.
alter table signing_key add column activate_at timestamptz;
alter table signing_key add constraint signing_key_upcoming check (state <> 'upcoming' or activate_at is not null);
create unique index signing_key_one_upcoming on signing_key ((true)) where state = 'upcoming';

-- A family of refresh tokens: one login and all that was renewed from it.
create table login_session (
  tenant_id text not null references tenant_directory on delete cascade,
  id uuid not null,
  kind text not null check (kind in ('person', 'application')),
  -- User id or client id.
  subject text not null,
  -- The client through which the login happened; the tokens are bound to it.
  client_id text not null,
  created_at timestamptz not null,
  -- Of the newest refresh token.
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text,
  primary key (tenant_id, id),
  check ((ended_at is null) = (end_reason is null))
);
create index login_session_subject on login_session (tenant_id, kind, subject) where ended_at is null;
create index login_session_expiry on login_session (tenant_id, expires_at);

create table refresh_token (
  tenant_id text not null,
  -- SHA-256 of 256 random bits and the tenant: a copy of the table opens nothing.
  token_hash bytea not null check (octet_length(token_hash) = 32),
  session_id uuid not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  -- Each is used once; a second use means that two hold it, and ends the family.
  used_at timestamptz,
  -- The access token that was issued with it: so that the end of the family reaches it.
  access_jti text not null,
  access_expires_at timestamptz not null,
  primary key (tenant_id, token_hash),
  foreign key (tenant_id, session_id) references login_session on delete cascade
);
create index refresh_token_session on refresh_token (tenant_id, session_id);

-- The counter row is bumped in the transaction that revokes and locked until its end: positions become visible in order.
create table revocation_feed (
  only_row boolean primary key default true check (only_row),
  position bigint not null
);
insert into revocation_feed (position) values (0);

create table revoked_token (
  tenant_id text not null references tenant_directory on delete cascade,
  jti text not null,
  -- Of the token: afterwards nobody needs the row.
  expires_at timestamptz not null,
  position bigint not null,
  primary key (tenant_id, jti)
);
create unique index revoked_token_position on revoked_token (position);
create index revoked_token_expiry on revoked_token (tenant_id, expires_at);

create table user_mfa (
  tenant_id text not null,
  user_id uuid not null,
  kind text not null check (kind in ('app', 'email', 'sms')),
  -- Pending until its first code was right, then verified, and enabled when the person has the recovery codes.
  state text not null check (state in ('pending', 'verified', 'enabled')),
  preferred boolean not null default false,
  -- TOTP secret, encrypted with a key that the database never sees.
  secret_sealed bytea,
  -- Telephone number; an e-mail goes to the address of the directory.
  destination text,
  -- Newest time step that was accepted: a code is good once.
  last_step bigint not null default 0,
  -- Of the code that was sent to prove the address while it is set up.
  code_hmac bytea check (octet_length(code_hmac) = 32),
  code_expires_at timestamptz,
  code_attempts int not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, user_id, kind),
  foreign key (tenant_id, user_id) references app_user on delete cascade,
  check ((kind = 'app') = (secret_sealed is not null)),
  check ((kind = 'sms') = (destination is not null))
);

create table recovery_code (
  tenant_id text not null,
  user_id uuid not null,
  code_hmac bytea not null check (octet_length(code_hmac) = 32),
  created_at timestamptz not null,
  used_at timestamptz,
  primary key (tenant_id, user_id, code_hmac),
  foreign key (tenant_id, user_id) references app_user on delete cascade
);

-- Between the password and the second factor.
create table mfa_session (
  tenant_id text not null,
  token_hash bytea not null check (octet_length(token_hash) = 32),
  user_id uuid not null,
  client_id text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  attempts int not null default 0,
  sends int not null default 0,
  code_kind text check (code_kind in ('email', 'sms')),
  code_hmac bytea check (octet_length(code_hmac) = 32),
  ended_at timestamptz,
  primary key (tenant_id, token_hash),
  foreign key (tenant_id, user_id) references app_user on delete cascade
);
create index mfa_session_user on mfa_session (tenant_id, user_id, created_at);

create table remembered_device (
  tenant_id text not null,
  token_hash bytea not null check (octet_length(token_hash) = 32),
  user_id uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (tenant_id, token_hash),
  foreign key (tenant_id, user_id) references app_user on delete cascade
);
create index remembered_device_user on remembered_device (tenant_id, user_id);

${walls}
`,
};
