import type { Migration } from '../../postgres/migration.js';

/** While the books of a tenant change their place, processes hold its requests for a moment (docs/adr/0018-moving-a-tenant.md). */
export const moves: Migration = {
  id: '0006_moves',
  sql: /* sql */ `
-- until then at most; null: not held. By this server's clock, so that a hold whose mover died ends everywhere
alter table placement add column hold_until timestamptz;

create or replace view ledger_tenant as
  select t.id, t.slug, t.status, a.status as association_status,
         greatest(t.version, s.version) as version, t.version as tenant_version, s.version as server_version,
         s.host, s.port, s.tls, p.database_name, p.schema_name, p.runtime_login, p.runtime_credential,
         p.connections_max, greatest(p.config_version, s.version) as config_version, p.schema_version,
         p.connections_idle, p.statement_timeout_ms, p.read_from, s.replicas, p.contract_version, t.quotas,
         coalesce(p.hold_until > now(), false) as held
    from tenant t
    left join association a on a.tenant_id = t.id and a.service = 'ledger'
    left join placement p on p.tenant_id = t.id
    left join server s on s.id = p.server_id;
`,
};
