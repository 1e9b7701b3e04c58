import { type Check, eachServer, reporter } from './finding.js';

/** Databases, schemas and roles in our spelling that no tenant owns. Notes only: a cluster may carry other installations. */
export const checkOrphans: Check = {
  id: 'orphans',
  what: 'databases, schemas and roles that belong to no tenant',
  async run(tools) {
    const { findings, report } = reporter('orphans');
    const { rows } = await tools.control.pool.query<{ name: string }>(
      `select unnest(array[database_name, schema_name, owner_role, migrator_login, runtime_login,
                           case when runtime_login like '%\\_b' then left(runtime_login, -2) else runtime_login || '_b' end]) as name
         from placement p join tenant t on t.id = p.tenant_id where t.status <> 'deleted'`,
    );
    const known = new Set(rows.map(({ name }) => name));
    const whose = 'If no other installation of this cluster owns it, a killed purge or a restore left it:';
    await eachServer(tools, report, async ({ id, cluster, shared, sharedDatabase }) => {
      const found = await cluster.query<{ kind: string; name: string }>(
        `select 'database' as kind, datname as name from pg_database where datname ~ '^t_[0-9a-f]{32}$'
         union all select 'role', rolname from pg_roles where rolname ~ '^t_[0-9a-f]{32}(_b|_migrator|_owner)?$'
         union all select 'template', datname from pg_database
                    where (datname ~ '^cofferdam_template_[0-9a-f]{16}$' and datname <> $1) or datname ~ '^cofferdam_template_.*_new$'
         order by 1, 2`,
        [tools.templateDatabase],
      );
      const schemas = known.size === 0 ? [] : await schemasOf(shared);
      for (const { kind, name } of [...found.rows, ...schemas].filter((one) => !known.has(one.name)))
        report(
          'note',
          `${kind} ${name} on server ${id}`,
          kind === 'template' ? 'is of another build' : 'belongs to no tenant of this installation',
          kind === 'template'
            ? `No build that still runs needs it? ALTER DATABASE ${name} IS_TEMPLATE false; DROP DATABASE ${name};`
            : kind === 'schema'
              ? `${whose} DROP SCHEMA ${name} CASCADE; in ${sharedDatabase}`
              : `${whose} DROP ${kind.toUpperCase()} ${name};`,
        );
    });
    return findings;
  },
};

async function schemasOf(shared: { query(text: string): Promise<{ rows: unknown[] }> }) {
  const { rows } = await shared.query(
    `select 'schema' as kind, nspname as name from pg_namespace where nspname ~ '^t_[0-9a-f]{32}$' order by 2`,
  );
  return rows as { kind: string; name: string }[];
}
