import { pendingMigrations } from '../../postgres/migrate.js';
import { isContract } from '../../postgres/migration.js';
import { sqlState } from '../../postgres/pg-errors.js';
import { clusterFindings, storeFindings } from '../walls/findings.js';
import { listNeighbours, type Neighbour } from '../walls/neighbours.js';
import type { ProvisioningRun, ProvisioningStep } from './run.js';

const sampleSize = 2;

/**
 * The wall is tried before anyone relies on it: first the rights of all pairs as the catalogue knows them, then real
 * connections as the tenant's own login, to its books and to everything that must refuse it.
 */
export const verifyIsolation: ProvisioningStep = {
  name: 'verify-isolation',
  async run(run) {
    const needed = run.ledgerMigrations.filter((one) => !isContract(one));
    const pending = await pendingMigrations(await run.inStore(), needed);
    await probeIsolation(
      run,
      pending.map((id) => `migration ${id} is missing`),
    );
  },
};

/** What the probes look at: provisioning's run, or the logins that a rotation is about to switch to. */
export type ProbedStore = Pick<
  ProvisioningRun,
  'control' | 'names' | 'templateDatabase' | 'server' | 'tenant' | 'placement' | 'passwords' | 'inStore'
>;

/** Throws with what was found; `known` are findings of the caller's own, `expected` such as are meant to be so. */
export async function probeIsolation(
  run: ProbedStore,
  known: readonly string[] = [],
  expected: readonly string[] = [],
): Promise<void> {
  const neighbours = await listNeighbours(run.control.pool, run.tenant.id, run.placement.serverId);
  const findings = [
    ...known,
    ...(await clusterFindings(run, neighbours)),
    ...(await storeFindings(await run.inStore(), run.placement.store, neighbours)),
    ...(await tryDoors(run, neighbours)),
  ].filter((finding) => !expected.includes(finding));
  if (findings.length > 0) throw new Error(`isolation probes failed: ${findings.slice(0, 10).join('; ')}`);
}

/** Of a spare that was taken: the doors were tried before. Rights of all pairs as they are now, and a way in. */
export async function proveTaken(run: ProbedStore): Promise<void> {
  const neighbours = await listNeighbours(run.control.pool, run.tenant.id, run.placement.serverId);
  const findings = (await Promise.all([clusterFindings(run, neighbours), ownDoor(run, [])])).flat();
  if (findings.length > 0) throw new Error(`isolation probes failed: ${findings.slice(0, 10).join('; ')}`);
}

async function tryDoors(run: ProbedStore, neighbours: readonly Neighbour[]): Promise<string[]> {
  const { names, placement, tenant } = run;
  const others = pickSome(neighbours.filter(({ settled }) => settled));
  const closed = [
    names.controlDatabase,
    names.accessDatabase,
    ...(tenant.isolation === 'database' ? [names.sharedDatabase] : []),
    ...others.filter(({ store }) => store.database !== placement.store.database).map(({ store }) => store.database),
  ];
  const tries = await Promise.all([ownDoor(run, others), ...closed.map((database) => closedDoor(run, database))]);
  return tries.flat();
}

/** The login finds its own books, by itself and by default, and nothing of the schemas beside them. */
async function ownDoor({ server, placement, passwords }: ProbedStore, others: readonly Neighbour[]): Promise<string[]> {
  const { database, schema, runtimeLogin: user } = placement.store;
  const client = await server.connectAs({ user, password: passwords.runtime, database });
  try {
    const { rows } = await client.query<Record<'user' | 'session' | 'database' | 'schema', string>>(
      `select current_user as user, session_user as session, current_database() as database, current_schema() as schema
         from (select count(*) from schema_migration) as readable`,
    );
    const found = JSON.stringify(rows[0]);
    const expected = JSON.stringify({ user, session: user, database, schema });
    const findings = found === expected ? [] : [`the login finds ${found} where ${expected} should be`];
    for (const { store } of others.filter((other) => other.store.database === database))
      findings.push(
        ...(await expectRefusal(`schema ${store.schema}`, () =>
          client.query(`select from "${store.schema}".schema_migration limit 1`),
        )),
      );
    return findings;
  } finally {
    await client.end();
  }
}

function closedDoor({ server, placement, passwords }: ProbedStore, database: string): Promise<string[]> {
  return expectRefusal(`database ${database}`, async () => {
    const user = placement.store.runtimeLogin;
    const client = await server.connectAs({ user, password: passwords.runtime, database });
    await client.end();
  });
}

// 42501 is the wall. The others: what is not there, or lets nobody in yet, shows nothing either. 28000: pg_hba.conf.
const refusals = new Set(['42501', '28000', '3D000', '3F000', '42P01', '55000']);

async function expectRefusal(what: string, attempt: () => Promise<unknown>): Promise<string[]> {
  try {
    await attempt();
  } catch (error) {
    if (refusals.has(sqlState(error) ?? '')) return [];
    throw error;
  }
  return [`${what} let the login in`];
}

/** The oldest and the newest: both kinds of neighbour at the least cost (a refused connection is 15 ms of the server). */
function pickSome(neighbours: readonly Neighbour[]): Neighbour[] {
  return neighbours.length <= sampleSize
    ? [...neighbours]
    : [...neighbours.slice(0, 1), ...neighbours.slice(1 - sampleSize)];
}
