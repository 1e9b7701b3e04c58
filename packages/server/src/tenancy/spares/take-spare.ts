import { quoteIdentifier as id, quoteLiteral } from '../../postgres/identifiers.js';
import { scramVerifier } from '../../postgres/scram-verifier.js';
import type { ProvisioningRun } from '../provisioning/run.js';
import { proveTaken } from '../provisioning/verify-isolation.js';
import { readyMark, spareStem } from './spare-names.js';

const attemptsMax = 3;

/**
 * Gives a spare to the tenant by renaming it, in one transaction: afterwards all of it is the tenant's, or nothing is. Rights
 * hang on object ids, so what was proved of the spare is true of the tenant; that it is so, and that its login gets in, is
 * looked at once more. False: there is none.
 */
export async function takeSpare(run: ProvisioningRun): Promise<boolean> {
  if (run.placement.origin !== 'created') return false;
  const [runtime, migrator, names] = await Promise.all([
    scramVerifier(run.passwords.runtime),
    scramVerifier(run.passwords.migrator),
    listReady(run),
  ]);
  for (const name of names.slice(0, attemptsMax)) {
    if (!(await rename(run, name, { runtime, migrator }))) continue;
    await run.boundary?.('worked', 'take-spare');
    await proveTaken(run);
    return true;
  }
  return false;
}

/** A keeper that removes it has taken the mark away before anything else. */
const refuseCondemned = (ownerRole: string) => `do $do$ begin
  if shobj_description(${quoteLiteral(id(ownerRole))}::regrole, 'pg_authid') is distinct from ${quoteLiteral(readyMark)} then
    raise exception 'the spare is being removed';
  end if;
end $do$`;

/** In random order: several takers should not all try the same one first. */
async function listReady({ server, names, tenant, ledgerMigrations }: ProvisioningRun): Promise<string[]> {
  const { rows } = await server.cluster.query<{ name: string }>(
    `select left(rolname, -6) as name from pg_roles
      where starts_with(rolname, $1) and right(rolname, 6) = '_owner' and shobj_description(oid, 'pg_authid') = $2
      order by random()`,
    [spareStem(names, tenant.isolation, ledgerMigrations), readyMark],
  );
  return rows.map(({ name }) => name);
}

async function rename(
  { server, placement, tenant, log }: ProvisioningRun,
  name: string,
  passwords: { readonly runtime: string; readonly migrator: string },
): Promise<boolean> {
  const { store } = placement;
  const isDatabase = tenant.isolation === 'database';
  const pool = isDatabase ? server.cluster : server.shared;
  const client = await pool.connect();
  const paths = [store.runtimeLogin, store.migratorLogin].map(
    (login) => `alter role ${id(login)} set search_path = ${id(store.schema)}`,
  );
  try {
    // The owner first: whoever comes second waits there and then finds no such role.
    await client.query(
      [
        'begin; set local lock_timeout = 2000',
        `alter role ${id(`${name}_owner`)} rename to ${id(store.ownerRole)}`,
        refuseCondemned(store.ownerRole),
        `comment on role ${id(store.ownerRole)} is null`,
        `alter role ${id(name)} rename to ${id(store.runtimeLogin)}`,
        `alter role ${id(`${name}_migrator`)} rename to ${id(store.migratorLogin)}`,
        `alter role ${id(store.runtimeLogin)} password ${quoteLiteral(passwords.runtime)}`,
        `alter role ${id(store.migratorLogin)} password ${quoteLiteral(passwords.migrator)}`,
        ...(isDatabase
          ? [`alter database ${id(name)} rename to ${id(store.database)}`]
          : [`alter schema ${id(name)} rename to ${id(store.schema)}`, ...paths]),
        'commit',
      ].join(';\n'),
    );
    return true;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    log.info({ tenantId: tenant.id, spare: name, err: error }, 'a spare could not be taken');
    return false;
  } finally {
    client.release();
  }
}
