import { setTimeout as delay } from 'node:timers/promises';
import { quoteIdentifier as id } from '../postgres/identifiers.js';
import type { AdminServer } from './admin-connections.js';
import { otherRuntimeLogin } from './physical-names.js';
import type { Placement } from './placement.js';
import type { StoreInventory } from './purge-inventory.js';
import { changeSharedRights } from './walls/serialize.js';
import { grantToAdmin } from './walls/store-roles.js';

/** A purge comes 2 s after the suspension at the soonest; with these a statement under way had 5 s in all. */
const runningGraceMs = 3_000;

export type TakeStock = (what: Pick<StoreInventory, 'roles' | 'dropped'>) => Promise<void>;

/** `untouched`: an adoption that failed before the books changed hands. They are still those of single-tenant mode. */
export type DroppedOrigin = Placement['origin'] | 'untouched';

/**
 * Takes a store away: sessions, then database or schema, then roles. Of a database that the operator brought only what we
 * made in it. Idempotent. `takeStock` is called in between, when nobody can write any more and the database is still there.
 */
export async function dropStore(
  server: AdminServer,
  { store, origin }: Pick<Placement, 'store'> & { readonly origin: DroppedOrigin },
  sharedDatabase: string,
  takeStock?: TakeStock,
): Promise<void> {
  // A rotation that was under way has made the second one.
  const logins = [store.runtimeLogin, otherRuntimeLogin(store.runtimeLogin), store.migratorLogin];
  const { rows } = await server.cluster.query<{ rolname: string }>(
    'select rolname from pg_roles where rolname = any ($1) order by 1',
    [[...logins, store.ownerRole]],
  );
  const roles = rows.map(({ rolname }) => rolname);
  for (const role of roles) await server.cluster.query(grantToAdmin(role));
  // No new sessions, then none at all; what was under way when the tenant was suspended may end (tenancy §6.3).
  for (const login of roles.filter((role) => logins.includes(role)))
    await server.cluster.query(`alter role ${id(login)} nologin`);
  await untilIdle(server, logins);
  await server.cluster.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = any ($1)', [
    logins,
  ]);
  const isOurs = (origin === 'created' || origin === 'adopted') && store.database !== sharedDatabase;
  if (
    takeStock !== undefined &&
    origin !== 'untouched' &&
    roles.includes(store.ownerRole) &&
    (await databaseExists(server, store.database))
  )
    await takeStock({ roles, dropped: isOurs ? 'database' : 'schema' });
  if (isOurs) {
    await server.cluster.query(`drop database if exists ${id(store.database)} with (force)`);
  } else if (roles.length > 0) {
    await changeSharedRights(
      server.cluster,
      `revoke all on database ${id(store.database)} from ${roles.map(id).join(', ')}`,
    );
    const inStore = await server.connect(store.database, 'public');
    try {
      if (origin !== 'untouched') await inStore.query(`drop schema if exists ${id(store.schema)} cascade`);
      // By now they own nothing; this takes rights left on anything else in the database.
      await inStore.query(`drop owned by ${roles.map(id).join(', ')}`);
    } finally {
      await inStore.end();
    }
  }
  if (roles.length > 0) await server.cluster.query(`drop role ${roles.map(id).join(', ')}`);
}

async function databaseExists({ cluster }: AdminServer, database: string): Promise<boolean> {
  const { rowCount } = await cluster.query('select from pg_database where datname = $1', [database]);
  return rowCount === 1;
}

/** Returns when no session of the logins is in a transaction, or after the grace. */
async function untilIdle({ cluster }: AdminServer, logins: readonly string[]): Promise<void> {
  const deadline = performance.now() + runningGraceMs;
  while (performance.now() < deadline) {
    const { rowCount } = await cluster.query(
      `select from pg_stat_activity where usename = any ($1) and state <> 'idle' limit 1`,
      [logins],
    );
    if (rowCount === 0) return;
    await delay(50);
  }
}
