import type { Migration } from '../../postgres/migration.js';
import { tenantWall } from './tenant-wall.js';

/** Where people have logged in from: whoever attacks an account from everywhere does not lock its owner out there. */
export const knownSource: Migration = {
  id: '0006_known_source',
  sql: /* sql */ `
create table known_source (
  tenant_id text not null,
  user_id uuid not null,
  -- IPv4 address, or the /64 of an IPv6 address.
  source text not null,
  expires_at timestamptz not null,
  primary key (tenant_id, user_id, source),
  foreign key (tenant_id, user_id) references app_user on delete cascade
);
create index known_source_expiry on known_source (tenant_id, expires_at);
${tenantWall('known_source')}
`,
};
