import type { Migration } from '../../postgres/migration.js';

/** A service can be taken from a tenant, its books kept or purged, and given again (tenancy §2.3). */
export const associations: Migration = {
  id: '0004_associations',
  sql: /* sql */ `
alter table association drop constraint association_status_check;
alter table association
  add constraint association_status_check
    check (status in ('provisioning', 'active', 'suspended', 'disassociated', 'purging', 'purged', 'failed')),
  -- status purging: the books are dropped after this; once that has begun there is no way back
  add column purge_after timestamptz,
  add column purge_started_at timestamptz;
create index association_purging on association (purge_after) where status = 'purging';
`,
};
