import type pg from 'pg';
import { clusterFindings, storeFindings } from '../walls/findings.js';
import { listNeighbours } from '../walls/neighbours.js';
import { openToPublic } from '../walls/public-rights.js';
import { type Check, eachServer, reporter } from './finding.js';
import { forEachTenant } from './for-each-tenant.js';

/** PUBLIC, which every login is part of, may enter none of our databases. */
export const checkPublicRights: Check = {
  id: 'public-rights',
  what: 'what every login of the servers may do',
  async run(tools) {
    const { findings, report } = reporter('public-rights');
    const { controlDatabase, accessDatabase, sharedDatabase } = tools.names;
    await eachServer(tools, report, async ({ id, cluster, shared }) => {
      const { rows } = await tools.control.pool.query<{ name: string }>(
        'select distinct database_name as name from placement where server_id = $1 and runtime_credential is not null',
        [id],
      );
      const ours = [
        controlDatabase,
        accessDatabase,
        sharedDatabase,
        tools.templateDatabase,
        ...rows.map(({ name }) => name),
      ];
      for (const database of await openToPublic(cluster as never as pg.ClientBase, ours))
        report(
          'error',
          `database ${database}`,
          'any login of the server may connect to it',
          `REVOKE ALL ON DATABASE ${database} FROM PUBLIC;`,
        );
      for (const database of await openToPublic(cluster as never as pg.ClientBase, ['postgres', 'template1']))
        report(
          'warning',
          `database ${database} on server ${id}`,
          'any login of the server may connect to it; no data of a tenant is there',
          `As the server's superuser: REVOKE ALL ON DATABASE ${database} FROM PUBLIC;`,
        );
      if (!(await hasDatabase(cluster, sharedDatabase))) return;
      const open = await shared.query<{ schema: string }>(
        `select nspname as schema from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
            and (has_schema_privilege('public', oid, 'create') or (nspname <> 'public' and has_schema_privilege('public', oid, 'usage')))`,
      );
      for (const { schema } of open.rows)
        report(
          'error',
          `schema ${schema} of ${sharedDatabase}`,
          'is open to every login',
          `In ${sharedDatabase}: REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC;`,
        );
    });
    return findings;
  },
};

/** The logins of the parts: no attribute, no membership, no database but their own. */
export const checkServiceLogins: Check = {
  id: 'service-logins',
  what: 'rights of the service logins',
  async run({ control, names }) {
    const { findings, report } = reporter('service-logins');
    const own = {
      [names.role('control_reader')]: names.controlDatabase,
      [names.role('directory_reader')]: names.controlDatabase,
      [names.role('access')]: names.accessDatabase,
    };
    for (const [login, database] of Object.entries(own)) {
      const { rows } = await control.pool.query<{ problem: string; remedy: string }>(loginQuery, [login, database]);
      for (const { problem, remedy } of rows) report('error', `login ${login}`, problem, remedy);
    }
    return findings;
  },
};

const loginQuery = /* sql */ `
with login as (select * from pg_roles where rolname = $1)
select 'does not exist' as problem, 'Start the server once with DATABASE_URL: it makes the login.' as remedy
 where not exists (select from login) and $1 not like '%\\_access'
union all
select 'has an attribute beyond LOGIN',
       format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;', rolname)
  from login where rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
union all
select format('may connect to database %s', d.datname), format('REVOKE CONNECT ON DATABASE %I FROM %I, PUBLIC;', d.datname, r.rolname)
  from login r, pg_database d
 where d.datname <> $2 and d.datallowconn and not d.datistemplate and d.datname <> 'postgres'
   and has_database_privilege(r.oid, d.oid, 'connect')
   and not has_database_privilege('public', d.oid, 'connect')`;

/** For each tenant what provisioning proved before it became active, from the catalogues of its server and its store. */
export const checkWalls: Check = {
  id: 'walls',
  what: 'rights of every tenant’s logins',
  async run(tools, say) {
    const { findings, report } = reporter('walls');
    await forEachTenant(tools, report, say, async ({ id, placement }, { server, inStore }) => {
      const neighbours = await listNeighbours(tools.control.pool, id, placement.serverId);
      const subject = { server, names: tools.names, placement, templateDatabase: tools.templateDatabase };
      const problems = [
        ...(await clusterFindings(subject, neighbours)),
        ...(await inStore((client) => storeFindings(client, placement.store, neighbours))),
      ];
      for (const problem of problems)
        report(
          'error',
          `tenant ${id}`,
          problem,
          'Take the right back by hand (REVOKE, ALTER ROLE) and find out who gave it; suspend the tenant until then.',
        );
    });
    return findings;
  },
};

async function hasDatabase(cluster: pg.Pool, name: string): Promise<boolean> {
  return (await cluster.query('select from pg_database where datname = $1', [name])).rowCount === 1;
}
