import { lastExpand } from '../../postgres/migration.js';
import { openTenantPool } from '../../postgres/pool.js';
import { checkPlace } from '../check-place.js';
import { findDrift } from '../fleet/find-drift.js';
import { heldContracts, runningBuilds } from '../fleet/held-contracts.js';
import { runtimeSettings } from '../runtime-settings.js';
import { withBooks } from '../tenants-with-books.js';
import { type Check, reporter } from './finding.js';
import { forEachTenant } from './for-each-tenant.js';

/** A real connection as each tenant's own login, to where its books should be. */
export const checkReachability: Check = {
  id: 'reachability',
  what: 'a connection as every tenant’s own login',
  async run(tools, say) {
    const { findings, report } = reporter('reachability');
    await forEachTenant(tools, report, say, async ({ id, placement: { store, runtimeCredential } }, { server }) => {
      const advice = 'Start its server; if the login was changed by hand, rotate its credentials (cofferdam tenants).';
      if (runtimeCredential === null) return report('error', `tenant ${id}`, 'has no credential', advice);
      const settings = runtimeSettings(tools.vault, id, server.settings, { ...store, runtimeCredential });
      const pool = openTenantPool(settings, {
        max: 1,
        applicationName: 'cofferdam doctor',
        searchPath: [store.schema],
      });
      try {
        await checkPlace(pool.pg, { settings, schema: store.schema });
      } catch (error) {
        report('error', `tenant ${id}`, `cannot be reached: ${(error as Error).message}`, advice);
      } finally {
        await pool.drain(0);
      }
    });
    return findings;
  },
};

/** Tenants that are behind, attempts that failed, contract migrations that wait, processes of different builds. */
export const checkMigrations: Check = {
  id: 'migrations',
  what: 'versions of the books and of the processes',
  async run({ control, ledgerMigrations, names }) {
    const { findings, report } = reporter('migrations');
    const head = lastExpand(ledgerMigrations) ?? null;
    const { rows } = await control.pool.query<{ id: string; version: string | null; error: string | null }>(
      `select t.id, p.schema_version as version, p.migration_error as error from tenant t join placement p on p.tenant_id = t.id
        where ${withBooks} and (coalesce(p.schema_version, '') < coalesce($1, '') or p.migration_error is not null)
        order by t.created_at`,
      [head],
    );
    for (const { id, version, error } of rows)
      report(
        error === null ? 'warning' : 'error',
        `tenant ${id}`,
        `its books are at ${version ?? 'nothing'}, this build needs ${head}${error === null ? '' : `; the last attempt failed: ${error}`}`,
        'Run cofferdam migrate; a build that needs the newer books answers this tenant 503 until then.',
      );
    const reader = names.role('control_reader');
    const { reason } = await heldContracts(control.pool, ledgerMigrations, reader);
    if (reason !== undefined)
      report('note', 'contract migrations', reason, 'Nothing is wrong while a deployment is under way.');
    const builds = new Set((await runningBuilds(control.pool, reader)).map(({ build }) => build ?? 'unknown'));
    if (builds.size > 1)
      report(
        'note',
        'ledger processes',
        `run ${builds.size} builds: ${[...builds].join(', ')}`,
        'Finish the deployment.',
      );
    return findings;
  },
};

export const checkDrift: Check = {
  id: 'drift',
  what: 'structure of every tenant’s books against what the migrations make',
  async run(tools, say) {
    const { findings, report } = reporter('drift');
    const { drifted, failed } = await findDrift(tools, {
      parallel: tools.parallel,
      onProgress: (done, total) => say(`${done} of ${total}`),
    });
    for (const { tenantId, differences } of drifted)
      report(
        'error',
        `tenant ${tenantId}`,
        `${differences.slice(0, 5).join('; ')}${differences.length > 5 ? `; and ${differences.length - 5} more` : ''}`,
        'Undo by hand what was done by hand (cofferdam migrate --drift lists all of it).',
      );
    for (const { tenantId, error } of failed)
      report(
        'error',
        `tenant ${tenantId}`,
        `its structure cannot be read: ${error}`,
        'Mend its server or its database.',
      );
    return findings;
  },
};

const stuckMinutes = 10;

/** Tenants and operations that nobody finishes. */
export const checkUnfinished: Check = {
  id: 'unfinished',
  what: 'tenants and operations that have not come to an end',
  async run({ control, now }) {
    const { findings, report } = reporter('unfinished');
    const before = new Date(now().getTime() - stuckMinutes * 60_000).toISOString();
    const tenants = await control.pool.query<{ id: string; status: string; reason: string | null }>(
      `select id, status, status_reason as reason from tenant
        where status = 'failed' or (status = 'provisioning' and updated_at < $1) or (purge_started_at < $1 and status = 'deleting')`,
      [before],
    );
    for (const { id, status, reason } of tenants.rows)
      report(
        status === 'failed' ? 'error' : 'warning',
        `tenant ${id}`,
        status === 'failed' ? `was not made: ${reason}` : `has been ${status} for more than ${stuckMinutes} minutes`,
        'A process with the tenants part must be running; then cofferdam tenants reactivate tries again.',
      );
    const operations = await control.pool.query<{
      id: string;
      kind: string;
      tenant: string | null;
      error: string | null;
    }>(
      `select id, kind, tenant_id as tenant, error from operation
        where state in ('waiting', 'running') and details ->> 'phase' is distinct from 'await' and updated_at < $1 and coalesce(not_before, updated_at) < $1 order by id`,
      [before],
    );
    for (const { id, kind, tenant, error } of operations.rows)
      report(
        'warning',
        `operation ${id}`,
        `${kind} of tenant ${tenant ?? 'none'} has not moved for ${stuckMinutes} minutes${error === null ? '' : `: ${error}`}`,
        'A process with the tenants part must be running; it takes the operation up again by itself.',
      );
    return findings;
  },
};
