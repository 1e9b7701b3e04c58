import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral as text } from '../../postgres/identifiers.js';
import { otherRuntimeLogin, type StoreNames } from '../physical-names.js';

/**
 * What a store is made of, one line a thing: `table balance`, `column balance.available: numeric not null`, … Names of the
 * store itself (schema, roles) are taken out, so that the lines of two stores of one version are the same. Indexes on
 * metadata are left out: tenants make those themselves. Call it in a transaction.
 */
export async function readStructure(client: pg.ClientBase, store: StructureNames): Promise<string[]> {
  const select = `select line from line where ${lasting} order by line collate "C"`;
  return (await ask(client, store, select)).map(({ line }) => line);
}

/** One value for all of it, so that only what differs needs to be read line by line. */
export async function fingerprintStructure(client: pg.ClientBase, store: StructureNames): Promise<string> {
  const select = `select md5(string_agg(line, E'\\n' order by line collate "C")) as line from line where ${lasting}`;
  return (await ask(client, store, select))[0]?.line ?? '';
}

/** While its credentials are rotated a store has two run-time logins, and while it is moved a replication login. */
const lasting = `line not like '%<rotating>%'`;

export type StructureNames = Pick<StoreNames, 'schema' | 'ownerRole' | 'runtimeLogin' | 'migratorLogin'>;

/** The search path decides how PostgreSQL spells names in definitions. The caller's transaction takes it back at its end. */
async function ask(client: pg.ClientBase, store: StructureNames, select: string): Promise<{ line: string }[]> {
  await client.query(`set local search_path = ${id(store.schema)}`);
  return (await client.query<{ line: string }>(`${linesOf(store)} ${select}`)).rows;
}

/** Runs `work` in a transaction that changes nothing. */
export async function reading<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('begin read only');
  try {
    return await work();
  } finally {
    await client.query('rollback').catch(() => {}); // a lost connection rolls back by itself
  }
}

function linesOf({ schema, ownerRole, runtimeLogin, migratorLogin }: StructureNames): string {
  return /* sql */ `with
home as (select oid, nspowner, nspacl from pg_namespace where nspname = ${text(schema)}),
role_name(oid, name) as (
  select oid, case rolname when ${text(ownerRole)} then '<owner>' when ${text(runtimeLogin)} then '<run time>'
                           when ${text(migratorLogin)} then '<migrator>'
                           when ${text(otherRuntimeLogin(runtimeLogin))} then '<rotating>'
                           when ${text(ownerRole.replace(/_owner$/, '_move'))} then '<rotating>'
                           when ${text(ownerRole.replace(/_owner$/, '_back'))} then '<rotating>' else rolname end from pg_roles
  union all select 0, 'PUBLIC'),
relation as (
  select c.*, case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
                             when 'm' then 'materialized view' when 'S' then 'sequence' else 'relation' end as kind
    from pg_class c where c.relnamespace = (select oid from home) and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')),
line(line) as (
  select format('%s %s: owner %s%s%s%s', kind, relname, (select name from role_name where oid = relowner),
                case when relpersistence <> 'p' then ' unlogged' else '' end,
                case when relrowsecurity then ' row security' else '' end, ' ' || array_to_string(reloptions, ','))
    from relation
  union all
  select format('column %s.%s: %s%s%s%s%s', r.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                case when a.attnotnull then ' not null' else '' end, ' default ' || pg_get_expr(d.adbin, d.adrelid),
                case when a.attidentity <> '' then ' identity ' || a.attidentity::text else '' end,
                case when a.attgenerated <> '' then ' generated' else '' end)
    from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
  union all
  select format('constraint %s.%s: %s%s', r.relname, c.conname, pg_get_constraintdef(c.oid, true),
                case when c.convalidated then '' else ' not valid' end)
    from relation r join pg_constraint c on c.conrelid = r.oid and c.contype <> 'n'
  union all
  select format('index %s: %s%s', i.relname, pg_get_indexdef(i.oid, 0, true), case when x.indisvalid then '' else ' invalid' end)
    from relation r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid
   where i.relname not like 'metadata\\_index\\_%'
  union all
  select format('trigger %s.%s: %s enabled %s', r.relname, t.tgname, pg_get_triggerdef(t.oid, true), t.tgenabled)
    from relation r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  union all
  select format('view %s: %s', relname, pg_get_viewdef(oid)) from relation where relkind in ('v', 'm')
  union all
  select format('policy %s.%s: %s %s', r.relname, p.polname, pg_get_expr(p.polqual, p.polrelid), p.polcmd)
    from relation r join pg_policy p on p.polrelid = r.oid
  union all
  select format('function %s(%s): %s %s owner %s%s body %s', p.proname, pg_get_function_identity_arguments(p.oid),
                pg_get_function_result(p.oid), p.provolatile, (select name from role_name where oid = p.proowner),
                case when p.prosecdef then ' security definer' else '' end, md5(p.prosrc))
    from pg_proc p where p.pronamespace = (select oid from home)
  union all
  select format('type %s: %s %s', t.typname, t.typtype,
                (select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = t.oid))
    from pg_type t where t.typnamespace = (select oid from home) and t.typtype in ('e', 'd', 'r')
  union all
  select format('grant on %s %s to %s: %s', r.kind, r.relname, coalesce(n.name, 'an unknown role'),
                string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ', ' order by a.privilege_type))
    from relation r, aclexplode(coalesce(r.relacl, acldefault((case r.relkind when 'S' then 's' else 'r' end)::"char", r.relowner))) a
    left join role_name n on n.oid = a.grantee group by r.kind, r.relname, n.name
  union all
  select format('grant on column %s.%s to %s: %s', r.relname, c.attname, coalesce(n.name, 'an unknown role'),
                string_agg(a.privilege_type, ', ' order by a.privilege_type))
    from relation r join pg_attribute c on c.attrelid = r.oid and c.attacl is not null, aclexplode(c.attacl) a
    left join role_name n on n.oid = a.grantee group by r.relname, c.attname, n.name
  union all
  select format('grant on function %s to %s', p.oid::regprocedure, coalesce(n.name, 'an unknown role'))
    from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a left join role_name n on n.oid = a.grantee
   where p.pronamespace = (select oid from home)
  union all
  select format('grant on the schema to %s: %s', coalesce(n.name, 'an unknown role'),
                string_agg(a.privilege_type, ', ' order by a.privilege_type))
    from home h, aclexplode(coalesce(h.nspacl, acldefault('n', h.nspowner))) a
    left join role_name n on n.oid = a.grantee group by n.name
)`;
}

/** What one has and the other has not, in the operator's words. */
export function compareStructures(wanted: readonly string[], found: readonly string[]): string[] {
  const nameOf = (line: string) => line.slice(0, line.indexOf(': ') + 1 || undefined);
  const missing = wanted.filter((line) => !found.includes(line));
  const extra = found.filter((line) => !wanted.includes(line));
  const changed = missing.filter((line) => extra.some((other) => nameOf(other) === nameOf(line)));
  return [
    ...changed.map((line) => {
      const is = extra.find((other) => nameOf(other) === nameOf(line)) as string;
      return `${nameOf(line)} is${is.slice(nameOf(line).length)}, should be${line.slice(nameOf(line).length)}`;
    }),
    ...missing.filter((line) => !changed.includes(line)).map((line) => `missing: ${line}`),
    ...extra
      .filter((line) => !changed.some((other) => nameOf(other) === nameOf(line)))
      .map((line) => `not from a migration: ${line}`),
  ];
}
