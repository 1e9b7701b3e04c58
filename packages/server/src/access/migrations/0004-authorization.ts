import type { Migration } from '../../postgres/migration.js';
import { tenantWall } from './tenant-wall.js';

/** What the authorization endpoint keeps between its steps, and where clients may be sent back to. */
export const authorization: Migration = {
  id: '0004_authorization',
  sql: /* sql */ `
-- Exactly these, and none: the client has no login page.
alter table application add column redirect_uris text[] not null default '{}';

create table oidc_record (
  tenant_id text not null references tenant_directory on delete cascade,
  kind text not null,
  -- SHA-256: codes and cookies open nothing when they are read here.
  id_hash bytea not null check (octet_length(id_hash) = 32),
  uid text,
  grant_id text,
  payload text not null,
  expires_at timestamptz not null,
  consumed_at timestamptz,
  -- Of a code: the login that it became. A code that comes a second time ends it.
  session_id uuid,
  primary key (tenant_id, kind, id_hash)
);
create index oidc_record_uid on oidc_record (tenant_id, kind, uid) where uid is not null;
create index oidc_record_grant on oidc_record (tenant_id, grant_id) where grant_id is not null;
create index oidc_record_expiry on oidc_record (tenant_id, expires_at);
${tenantWall('oidc_record')}
`,
};
