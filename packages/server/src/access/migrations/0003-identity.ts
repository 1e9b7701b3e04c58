import type { Migration } from '../../postgres/migration.js';
import { tenantWall } from './tenant-wall.js';

/** What the Identity API keeps, and the feed by which every process learns of a changed user or application. */
export const identity: Migration = {
  id: '0003_identity',
  sql: /* sql */ `
-- The secret before the last rotation, good for the overlap.
alter table application
  add column secret_previous_hmac bytea check (octet_length(secret_previous_hmac) = 32),
  add column secret_previous_until timestamptz,
  -- Addresses and networks from which the machine may log in; empty: from anywhere.
  add column allowed_addresses text[] not null default '{}',
  add constraint application_previous_secret check ((secret_previous_hmac is null) = (secret_previous_until is null));

-- The user or application that was acted upon, by id.
alter table audit_event add column target text;
create index audit_event_at on audit_event (tenant_id, at desc, id desc);
-- For the retention.
create index audit_event_age on audit_event (at);

-- Bumped in the transaction of the change and locked until its end: positions become visible in order.
create table directory_feed (
  only_row boolean primary key default true check (only_row),
  position bigint not null
);
insert into directory_feed (position) values (0);

create table directory_change (
  tenant_id text not null references tenant_directory on delete cascade,
  position bigint not null,
  kind text not null check (kind in ('person', 'application')),
  -- User id or client id.
  subject text not null,
  changed_at timestamptz not null,
  primary key (tenant_id, position)
);
create unique index directory_change_position on directory_change (position);${tenantWall('directory_change')}
`,
};
