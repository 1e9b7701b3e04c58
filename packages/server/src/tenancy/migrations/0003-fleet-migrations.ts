import type { Migration } from '../../postgres/migration.js';

/** How far each tenant's books are, and what stopped the last attempt to bring them further. */
export const fleetMigrations: Migration = {
  id: '0003_fleet_migrations',
  sql: /* sql */ `
-- schema_version is the last expand migration; this is the last contract migration, which may come later (or never).
alter table placement add column contract_version text;
-- null: the last attempt succeeded, or there was none
alter table placement add column migration_error text;
alter table placement add column migration_failed_at timestamptz;

create or replace view ledger_tenant as
  select t.id, t.slug, t.status, a.status as association_status,
         greatest(t.version, s.version) as version, t.version as tenant_version, s.version as server_version,
         s.host, s.port, s.tls, p.database_name, p.schema_name, p.runtime_login, p.runtime_credential,
         p.connections_max, greatest(p.config_version, s.version) as config_version, p.schema_version,
         p.connections_idle, p.statement_timeout_ms, p.read_from, s.replicas, p.contract_version
    from tenant t
    left join association a on a.tenant_id = t.id and a.service = 'ledger'
    left join placement p on p.tenant_id = t.id
    left join server s on s.id = p.server_id;
`,
};
