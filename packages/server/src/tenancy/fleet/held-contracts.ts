import type pg from 'pg';
import { isContract, lastContract, type Migration } from '../../postgres/migration.js';
import { ledgerProcessName } from '../tenant-config.js';

/** Contract migrations that must wait, and for whom. */
export interface HeldContracts {
  readonly ids: ReadonlySet<string>;
  /** One sentence for the operator; undefined when nothing is held. */
  readonly reason?: string;
}

/**
 * A contract migration takes away what older builds use, so it waits until every ledger process runs a build that has it.
 * Processes are seen by their connections to the control database, which carry the build in their application name: no
 * process can be forgotten in a list, and none that has ended blocks the fleet.
 */
export async function heldContracts(
  control: pg.Pool,
  migrations: readonly Migration[],
  readerLogin: string,
): Promise<HeldContracts> {
  const contracts = migrations.filter(isContract);
  if (contracts.length === 0) return { ids: new Set() };
  const builds = await runningBuilds(control, readerLogin);
  const held = contracts.filter(({ id }) => builds.some(({ build }) => build === undefined || build < id));
  if (held.length === 0) return { ids: new Set() };
  const older = builds.filter(({ build }) => build === undefined || build < (lastContract(migrations) ?? ''));
  const named = older.map(({ address, build }) => `${address} (${build ?? 'a build that does not tell'})`).join(', ');
  return {
    ids: new Set(held.map(({ id }) => id)),
    reason: `${held.map(({ id }) => id).join(', ')} must wait for ${older.length} ledger ${older.length === 1 ? 'process' : 'processes'} of an older build: ${named}. Replace or stop them, then run the command again`,
  };
}

export interface RunningBuild {
  readonly address: string;
  /** Id of the last migration that the build knows; undefined: it does not tell. */
  readonly build: string | undefined;
}

/** The ledger processes connected to the control database at this moment. */
export async function runningBuilds(control: pg.Pool, readerLogin: string): Promise<RunningBuild[]> {
  const { rows } = await control.query<{ name: string; address: string | null }>(
    `select distinct application_name as name, host(client_addr) as address from pg_stat_activity
      where datname = current_database() and usename = $1 order by 1, 2`,
    [readerLogin],
  );
  return rows.map(({ name, address }) => {
    const [, build] = new RegExp(`^${ledgerProcessName} (.*?)(?: #\\d+)?$`).exec(name) ?? [];
    return { address: address ?? 'local socket', build };
  });
}

/** The contract migrations that some tenant of the installation has had already: a new tenant may start with them. */
export async function contractMark(control: pg.Pool | pg.PoolClient): Promise<string | null> {
  const { rows } = await control.query<{ mark: string | null }>('select max(contract_version) as mark from placement');
  return rows[0]?.mark ?? null;
}
