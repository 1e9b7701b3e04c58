import type pg from 'pg';
import type { InstallationNames } from '../../postgres/installation.js';
import type { AdminServer } from '../admin-connections.js';
import type { StoreNames } from '../physical-names.js';
import type { Neighbour } from './neighbours.js';

interface Subject {
  readonly server: AdminServer;
  readonly names: InstallationNames;
  readonly placement: { readonly store: StoreNames };
  readonly templateDatabase: string;
}

/**
 * What the cluster's catalogue says against a tenant's walls: rights of its logins on every database of ours and of the
 * neighbours' logins on its own, attributes, memberships. One query; empty when all is well.
 */
export async function clusterFindings(
  { server, names, placement, templateDatabase }: Subject,
  neighbours: readonly Neighbour[],
): Promise<string[]> {
  const { store } = placement;
  const own = store.database;
  const closed = [names.controlDatabase, names.accessDatabase, names.sharedDatabase, templateDatabase]
    .concat(neighbours.map((other) => other.store.database))
    .filter((database) => database !== own);
  // In the shared database the neighbours have a right to CONNECT: there the schema is the wall (storeFindings).
  const strangers = neighbours
    .filter((other) => other.store.database !== own && own !== names.sharedDatabase)
    .flatMap((other) => [other.store.runtimeLogin, other.store.migratorLogin]);
  return findings(server.cluster, clusterQuery, [
    store.runtimeLogin,
    store.migratorLogin,
    store.ownerRole,
    own,
    [...new Set(closed)],
    strangers,
  ]);
}

const clusterQuery = /* sql */ `
with login as (select * from pg_roles where rolname in ($1, $2))
select format('%s may connect to database %s', r.rolname, d.datname) as finding
  from login r, pg_database d
 where (d.datname = any ($5)
        -- not ours to close when they belong to the server's own superuser: prepare-server warns of it
        or d.datname in ('postgres', 'template1') and pg_has_role(current_user, d.datdba, 'usage'))
   -- a neighbour's database is a fresh copy, open by right, until its own provisioning has closed it; nobody gets in yet
   and d.datallowconn and has_database_privilege(r.oid, d.oid, 'connect')
union all
select format('%s may not connect to its own database', r.rolname) from login r, pg_database d
 where d.datname = $4 and not has_database_privilege(r.oid, d.oid, 'connect')
union all
select format('%s has TEMPORARY or CREATE on its database', r.rolname) from login r, pg_database d
 where d.datname = $4 and (has_database_privilege(r.oid, d.oid, 'temp') or has_database_privilege(r.oid, d.oid, 'create'))
union all
select format('the neighbour %s may connect to database %s', r.rolname, d.datname)
  from pg_roles r, pg_database d
 where r.rolname = any ($6) and d.datname = $4 and has_database_privilege(r.oid, d.oid, 'connect')
union all
select format('role %s is missing', wanted) from unnest(array[$1, $2, $3]) wanted
 where not exists (select from pg_roles where rolname = wanted)
union all
select format('%s has an attribute beyond LOGIN', rolname) from pg_roles
 where rolname in ($1, $2, $3)
   and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or rolcanlogin = (rolname = $3))
union all
select format('%s has no connection limit', rolname) from login where rolconnlimit < 0
union all
select format('%s is a member of %s', m.rolname, g.rolname)
  from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
 where m.rolname in ($1, $3) or (m.rolname = $2 and g.rolname <> $3)
union all
select format('%s is a member of %s', m.rolname, g.rolname)
  from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
 where g.rolname in ($1, $2, $3) and not (g.rolname = $3 and m.rolname = $2)
   -- an admin who is no superuser holds the roles it made
   and m.rolname <> current_user
union all
select format('%s owns database %s', r.rolname, d.datname)
  from pg_database d join pg_roles r on r.oid = d.datdba where r.rolname in ($1, $2, $3)`;

/** What the store's own catalogue says: rights on schemas, owners, and ways out of the database. */
export function storeFindings(
  inStore: pg.ClientBase,
  store: StoreNames,
  neighbours: readonly Neighbour[],
): Promise<string[]> {
  const beside = neighbours.filter((other) => other.store.database === store.database);
  const strangers = beside.flatMap((other) => [other.store.runtimeLogin, other.store.migratorLogin]);
  return findings(inStore, storeQuery, [
    store.runtimeLogin,
    store.migratorLogin,
    store.ownerRole,
    store.schema,
    strangers,
  ]);
}

const storeQuery = /* sql */ `
with foreign_schema as (
  select * from pg_namespace where nspname <> $4 and nspname !~ '^pg_' and nspname <> 'information_schema')
select format('%s has rights on schema %s', r.rolname, n.nspname) as finding
  from pg_roles r, foreign_schema n
 where r.rolname in ($1, $2, $3)
   and (has_schema_privilege(r.oid, n.oid, 'usage') or has_schema_privilege(r.oid, n.oid, 'create'))
union all
select format('%s may not use its schema, or may create in it', $1) from pg_namespace n
 where n.nspname = $4
   and (not has_schema_privilege($1, n.oid, 'usage') or has_schema_privilege($1, n.oid, 'create'))
union all
select format('the neighbour %s has rights on schema %s', r.rolname, n.nspname) from pg_roles r, pg_namespace n
 where r.rolname = any ($5) and n.nspname = $4
   and (has_schema_privilege(r.oid, n.oid, 'usage') or has_schema_privilege(r.oid, n.oid, 'create'))
union all
select format('schema %s is missing or has another owner', $4)
 where not exists (select from pg_namespace where nspname = $4 and nspowner = $3::regrole)
union all
select format('%s is not owned by %s', c.relname, $3) from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = $4 and c.relowner <> $3::regrole
union all
select format('function %s runs with its owner''s rights', p.oid::regprocedure) from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace where n.nspname = $4 and p.prosecdef
union all
select format('extension %s leads out of the database', extname) from pg_extension
 where extname in ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'plperlu', 'plpython3u', 'pltclu')`;

async function findings(client: pg.ClientBase | pg.Pool, query: string, values: unknown[]): Promise<string[]> {
  const { rows } = await client.query<{ finding: string }>(query, values);
  return rows.map(({ finding }) => finding);
}
