import type { Migration } from '../../postgres/migration.js';
import { tenantWall } from './tenant-wall.js';

/** A new password that people ask for themselves, by e-mail. */
export const passwordReset: Migration = {
  id: '0005_password_reset',
  sql: /* sql */ `
create table password_reset (
  tenant_id text not null,
  -- SHA-256 of 256 random bits and the tenant, as of every opaque token.
  token_hash bytea not null check (octet_length(token_hash) = 32),
  user_id uuid not null,
  -- Where the mail went: worth nothing when the user has another address by then.
  email text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (tenant_id, token_hash),
  foreign key (tenant_id, user_id) references app_user on delete cascade
);
create index password_reset_user on password_reset (tenant_id, user_id, created_at);
create index password_reset_expiry on password_reset (tenant_id, expires_at);
${tenantWall('password_reset')}
`,
};
