import type pg from 'pg';
import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import { type AdminConnections, defaultServer } from '../admin-connections.js';
import type { ControlDatabase } from '../control-database.js';
import { TenancyError } from '../tenancy-error.js';
import { addressShortcomings, identifierOfFirst, readFacts, tryConnection, versionMin } from './probe-server.js';

export interface DatabaseProbeTools {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly isLocal: boolean;
}

/**
 * Looks at a database that an operator brings for one tenant, before anything is made in it: PostgreSQL 15 or later, UTF8,
 * empty, owned by the login, which must be able to make the tenant's roles; and none of ours. No superuser is needed.
 * Answers the cluster's identifier.
 * @throws TenancyError database_unfit with everything that is wrong
 */
export async function probeGivenDatabase(tools: DatabaseProbeTools, settings: ConnectionSettings): Promise<string> {
  const address = await addressShortcomings(settings, tools.isLocal);
  if (address.length > 0) throw unfit(address);
  const tried = await tryConnection(settings, async (client) => ({
    facts: await readFacts(client),
    found: await databaseShortcomings(client),
  }));
  if ('refusal' in tried) throw unfit([tried.refusal]);
  const { facts, found } = tried.value;
  if (facts.version < versionMin) found.push('the server is older than PostgreSQL 15');
  if (facts.isReplica) found.push('the server is a replica');
  if (!facts.mayCreateRoles) found.push('the login needs CREATEROLE, for the tenant’s own logins');
  if (await isKnown(tools, facts.systemIdentifier, settings.database))
    found.push('the database belongs to this installation already');
  if (found.length > 0) throw unfit(found);
  return facts.systemIdentifier;
}

async function databaseShortcomings(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ finding: string }>(
    `select 'its encoding is ' || pg_encoding_to_char(encoding) || '; UTF8 is needed' as finding
       from pg_database where datname = current_database() and pg_encoding_to_char(encoding) <> 'UTF8'
     union all
     select 'the login ' || current_user || ' does not own it'
       from pg_database where datname = current_database() and not pg_has_role(current_user, datdba, 'usage')
     union all
     select 'it is a template of its server: what is in it would be in every new database'
       from pg_database where datname = current_database() and datistemplate
     union all
     select 'it is not empty: schema ' || nspname from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
     union all
     select 'it is not empty: ' || c.oid::regclass from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
     union all
     select 'extension ' || extname || ' leads out of the database' from pg_extension
      where extname in ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'plperlu', 'plpython3u', 'pltclu')
     limit 10`,
  );
  return rows.map(({ finding }) => finding);
}

/** Of whatever server we administer: one of our own databases, or one that holds a tenant's books. */
async function isKnown(
  { control, admin }: DatabaseProbeTools,
  systemIdentifier: string,
  database: string,
): Promise<boolean> {
  const { rows } = await control.pool.query<{ id: string }>('select id from server where system_identifier = $1', [
    systemIdentifier,
  ]);
  const servers = rows.map(({ id }) => id);
  if ((await identifierOfFirst(admin)) === systemIdentifier) servers.push(defaultServer);
  if (servers.length === 0) return false;
  const { rowCount } = await control.pool.query(
    `select from placement where server_id = any ($1) and database_name = $2 and runtime_credential is not null`,
    [servers, database],
  );
  return rowCount !== 0 || /^(cofferdam_|t_[0-9a-f]{32}|postgres$)/.test(database);
}

function unfit(why: readonly string[]): TenancyError {
  return new TenancyError('database_unfit', `The database cannot be a tenant’s: ${why.join('; ')}.`, { findings: why });
}
