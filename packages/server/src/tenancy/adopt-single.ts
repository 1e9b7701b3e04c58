import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../postgres/identifiers.js';
import type { InstallationNames } from '../postgres/installation.js';
import type { AdminServer } from './admin-connections.js';
import type { ControlDatabase } from './control-database.js';
import { type StoreNames, singleStoreNames } from './physical-names.js';
import type { ProvisioningTools } from './provisioning/run.js';
import { adoptedComment } from './single-tenant.js';
import { TenancyError } from './tenancy-error.js';
import { grantToAdmin } from './walls/store-roles.js';

/**
 * Whether the database of single-tenant mode can become a tenant's: it is there, nobody adopted it, and no server is using
 * it. @throws TenancyError nothing_to_adopt
 */
export async function checkAdoptable(
  tools: { readonly control: ControlDatabase; readonly names: InstallationNames },
  { cluster }: AdminServer,
): Promise<void> {
  const { singleDatabase } = tools.names;
  const { rows } = await cluster.query<{ comment: string | null }>(
    `select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1`,
    [singleDatabase],
  );
  const refuse = (why: string) => new TenancyError('nothing_to_adopt', why);
  const [found] = rows;
  if (found === undefined)
    throw refuse(`There is no database ${singleDatabase}: this server has never run in single-tenant mode.`);
  const { rowCount } = await tools.control.pool.query(
    'select from placement where database_name = $1 and runtime_credential is not null',
    [singleDatabase],
  );
  if (rowCount !== 0 || found.comment?.startsWith(adoptedComment) === true)
    throw refuse(`The database ${singleDatabase} is a tenant’s already.`);
  const sessions = await singleSessions(cluster, singleStoreNames(tools.names));
  if (sessions > 0)
    throw refuse(
      `A single-tenant server is using ${singleDatabase} (${sessions} connections): stop it first, so that nothing is posted meanwhile.`,
    );
}

/**
 * Objects change hands from the roles of single-tenant mode to the tenant's, and those are dropped; no row is moved or
 * rewritten. Idempotent: done again it finds nothing left of the old roles.
 */
export async function takeOverSingle(
  run: {
    readonly server: AdminServer;
    readonly names: InstallationNames;
    readonly tenant: { readonly id: string };
    readonly boundary?: ProvisioningTools['boundary'];
    inStore(): Promise<pg.Client>;
  },
  store: StoreNames,
): Promise<void> {
  const { cluster } = run.server;
  const single = singleStoreNames(run.names);
  const { rows } = await cluster.query<{ rolname: string }>('select rolname from pg_roles where rolname = any ($1)', [
    [single.runtimeLogin, single.migratorLogin, single.ownerRole],
  ]);
  const old = rows.map(({ rolname }) => rolname);
  for (const role of old) await cluster.query(grantToAdmin(role));
  for (const login of old.filter((role) => role !== single.ownerRole))
    await cluster.query(`alter role ${id(login)} nologin`);
  // A server that began in the moment since the check: its sessions would go on writing as a role that is taken away.
  if ((await singleSessions(cluster, single)) > 0) {
    for (const login of old.filter((role) => role !== single.ownerRole))
      await cluster.query(`alter role ${id(login)} login`);
    throw new Error(`a single-tenant server is using ${store.database}: stop it, then reactivate the tenant`);
  }
  await run.boundary?.('worked', 'adopt-close');
  await cluster.query(
    `comment on database ${id(store.database)} is ${quoteLiteral(`${adoptedComment} ${run.tenant.id}`)}`,
  );
  await run.boundary?.('worked', 'adopt-mark');
  const inStore = await run.inStore();
  await inStore.query(`alter schema ${id(store.schema)} owner to ${id(store.ownerRole)}`);
  if (old.includes(single.ownerRole))
    await inStore.query(`reassign owned by ${id(single.ownerRole)} to ${id(store.ownerRole)}`);
  await run.boundary?.('worked', 'adopt-reassign');
  if (old.length === 0) return;
  await inStore.query(`drop owned by ${old.map(id).join(', ')}`);
  await run.boundary?.('worked', 'adopt-take-rights');
  await cluster.query(`drop role ${old.map(id).join(', ')}`);
}

/** Whether the books in this database have changed hands: from here on they are this tenant's, to be purged with it. */
export async function isAdoptedBy({ cluster }: AdminServer, tenantId: string, database: string): Promise<boolean> {
  const { rowCount } = await cluster.query(
    `select from pg_database where datname = $1 and shobj_description(oid, 'pg_database') = $2`,
    [database, `${adoptedComment} ${tenantId}`],
  );
  return rowCount === 1;
}

async function singleSessions(cluster: pg.Pool, { runtimeLogin, migratorLogin }: StoreNames): Promise<number> {
  const { rows } = await cluster.query<{ sessions: number }>(
    'select count(*)::integer as sessions from pg_stat_activity where usename = any ($1)',
    [[runtimeLogin, migratorLogin]],
  );
  return rows[0]?.sessions ?? 0;
}
