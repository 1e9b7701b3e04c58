import type { Migration } from '../../postgres/migration.js';

/** What a tenant may use of each process (tenancy X-40): enforced there, without asking anybody. */
export const quotas: Migration = {
  id: '0005_quotas',
  sql: /* sql */ `
-- {"requestsPerSecond"?: number, "burst"?: integer, "concurrentPosts"?: integer}; absent: no bound
alter table tenant add column quotas jsonb not null default '{}' check (jsonb_typeof(quotas) = 'object');

create or replace view ledger_tenant as
  select t.id, t.slug, t.status, a.status as association_status,
         greatest(t.version, s.version) as version, t.version as tenant_version, s.version as server_version,
         s.host, s.port, s.tls, p.database_name, p.schema_name, p.runtime_login, p.runtime_credential,
         p.connections_max, greatest(p.config_version, s.version) as config_version, p.schema_version,
         p.connections_idle, p.statement_timeout_ms, p.read_from, s.replicas, p.contract_version, t.quotas
    from tenant t
    left join association a on a.tenant_id = t.id and a.service = 'ledger'
    left join placement p on p.tenant_id = t.id
    left join server s on s.id = p.server_id;
`,
};
