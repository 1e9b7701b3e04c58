import { underAdvisoryLock } from '../../postgres/advisory-lock.js';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { sqlState } from '../../postgres/pg-errors.js';
import type { AdminServer } from '../admin-connections.js';
import { dropStore } from '../drop-store.js';
import type { Isolation } from '../physical-names.js';
import type { ProvisioningTools } from '../provisioning/run.js';
import { templateMigrations } from '../template-database.js';
import { makeSpare } from './make-spare.js';
import { readSpare, readyMark, type Spare, spareStem } from './spare-names.js';

export interface KeepSparesOptions {
  /** Of each isolation on each open server; 0 keeps none and removes those there are, as on a server that is drained. */
  readonly wanted: number;
  readonly isStopped: () => boolean;
}

const isolations: readonly Isolation[] = ['database', 'schema'];

/** Random; one keeper a server at a time, whichever process. */
const keeperLock = '7410255930142263';

/**
 * Brings the number of spares to what is wanted, in the background. What a killed keeper left half-made, and what belongs
 * to an older build, is removed first: under the lock nobody else can be making it.
 */
export async function keepSpares(tools: ProvisioningTools, options: KeepSparesOptions): Promise<void> {
  const { rows } = await tools.control.pool.query<{ id: string; state: string }>(
    `select id, state from server where kind = 'shared' order by created_at, id`,
  );
  for (const { id: serverId, state } of rows) {
    if (options.isStopped()) return;
    // A server that is drained makes no tenants any more.
    const wanted = state === 'open' ? options.wanted : 0;
    try {
      const server = await tools.admin.server(serverId);
      if (wanted === 0 && (await listSpares(tools, server)).length === 0) continue;
      await underAdvisoryLock(server.cluster, keeperLock, () => keepOn(tools, server, { ...options, wanted }));
    } catch (error) {
      // The others have nothing to do with it.
      tools.log.warn({ server: serverId, err: error }, 'the spares of a server could not be brought to their number');
    }
  }
}

async function keepOn(tools: ProvisioningTools, server: AdminServer, options: KeepSparesOptions): Promise<void> {
  const { names, ledgerMigrations } = tools;
  const own = templateMigrations(ledgerMigrations).length;
  const all = await listSpares(tools, server);
  await tools.prepareHost(server);
  const ready = new Map(isolations.map((isolation) => [isolation, [] as FoundSpare[]]));
  for (const spare of all) {
    if (spare.migrations > own) continue; // a newer build's
    const isOurs = spare.store.runtimeLogin.startsWith(spareStem(names, spare.isolation, ledgerMigrations));
    if (spare.isReady && isOurs) ready.get(spare.isolation)?.push(spare);
    else await drop(tools, server, spare);
  }
  for (const [isolation, spares] of ready) {
    for (const spare of spares.slice(options.wanted)) await drop(tools, server, spare);
    for (let count = spares.length; count < options.wanted && !options.isStopped(); count += 1)
      await makeSpare(tools, server, isolation);
  }
}

async function drop({ names }: ProvisioningTools, server: AdminServer, { store, isReady }: FoundSpare): Promise<void> {
  if (isReady && !(await condemn(server, store.ownerRole))) return;
  await dropStore(server, { store, origin: 'created' }, names.sharedDatabase);
}

/**
 * Before anything of it goes, nobody may take it any more. The change of the role meets a taker's renaming in the same row:
 * one of the two comes first, and the other finds the role gone, or the mark.
 */
async function condemn({ cluster }: AdminServer, ownerRole: string): Promise<boolean> {
  const client = await cluster.connect();
  try {
    await client.query(
      `begin; alter role ${id(ownerRole)} connection limit 0; comment on role ${id(ownerRole)} is null; commit`,
    );
    return true;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    // 42704: taken; XX000 (tuple concurrently updated): being taken.
    if (['42704', 'XX000'].includes(sqlState(error) ?? '')) return false;
    throw error;
  } finally {
    client.release();
  }
}

export interface FoundSpare extends Spare {
  readonly migrations: number;
  readonly isReady: boolean;
}

/** By any part of it: a making or a removal may have been cut short. */
export async function listSpares(
  { names }: Pick<ProvisioningTools, 'names'>,
  { cluster }: AdminServer,
): Promise<FoundSpare[]> {
  const { rows } = await cluster.query<{ name: string; ready: boolean }>(
    `select name, bool_or(ready) as ready from (
       select regexp_replace(rolname, '_(owner|migrator)$', '') as name,
              shobj_description(oid, 'pg_authid') is not distinct from $2 as ready
         from pg_roles where starts_with(rolname, $1)
       union all select datname, false from pg_database where starts_with(datname, $1)) part
      group by name order by name`,
    [`${names.prefix}_sp_`, readyMark],
  );
  return rows.flatMap(({ name, ready }) => {
    const spare = readSpare(names, name);
    return spare === undefined ? [] : [{ ...spare, isReady: ready }];
  });
}
