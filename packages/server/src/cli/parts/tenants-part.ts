import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { accessSearchPath } from '../../access/access-database.js';
import type { AccessManager } from '../../access/access-manager.js';
import { createAccessSeeder } from '../../access/access-seeder.js';
import { createClientSecrets } from '../../access/credentials/client-secrets.js';
import { passwordShortcomings } from '../../access/credentials/password-policy.js';
import { createPasswords } from '../../access/credentials/passwords.js';
import { createAccessStore } from '../../access/directory/with-directory.js';
import { createListener, registerRoutes } from '../../http/listener.js';
import { ledgerMigrations } from '../../ledger/migrations/index.js';
import { runtimeGrants } from '../../ledger/migrations/runtime-grants.js';
import { openPool } from '../../postgres/pool.js';
import { createVault } from '../../tenancy/credentials.js';
import { migrateRecorded } from '../../tenancy/fleet/migrate-recorded.js';
import type { AccessSeeder } from '../../tenancy/ports.js';
import type { PreparedServer } from '../../tenancy/prepare-server.js';
import { createOperatorAdmission, metricsRoute, renderTenancyError, tenantRoutes } from '../../tenancy/routes/index.js';
import { createTenantManager, type TenantManager } from '../../tenancy/tenant-manager.js';
import { writePrivateFile } from '../write-private-file.js';
import { openAccessDatabase } from './access-part.js';
import { healthRoute, versionRoute } from './operational-routes.js';
import { Closers, type Ground } from './part.js';
import { serviceLogins } from './service-logins.js';
import { openFleet, requireAdmin } from './stores.js';

/** The operators' listener: metrics always, tenants in multi-tenant mode when this process runs the tenants part. */
export function buildOperatorsListener(ground: Ground, manager: TenantManager | undefined): FastifyInstance {
  const app = createListener({
    name: 'tenants',
    logger: ground.log,
    newRequestId: ground.newId,
    renderError: renderTenancyError,
    trustedProxies: ground.config.trustedProxies,
  });
  const admission = createOperatorAdmission(ground.secrets.tenantManagerApiKey, manager?.control);
  registerRoutes(
    app,
    [metricsRoute(ground.metrics), healthRoute(), versionRoute(ground.now), ...(manager ? tenantRoutes(manager) : [])],
    admission,
  );
  return app;
}

export async function startTenants(
  ground: Ground,
  closers: Closers,
  prepared: PreparedServer,
  access: AccessManager | undefined,
): Promise<TenantManager> {
  const { config, secrets, names, log, metrics, now, newId } = ground;
  const admin = requireAdmin(ground);
  await bringUpToDate(ground, prepared);
  await writeServiceLogins(ground, prepared);
  const passwords = access?.passwords ?? createPasswords();
  const clientSecrets = access?.secrets ?? createClientSecrets(secrets.encryptionKey, newId);
  const manager = createTenantManager({
    admin,
    prepared,
    names,
    vault: createVault([secrets.encryptionKey]),
    ledgerMigrations,
    runtimeGrants,
    access: access?.seeder ?? (await openSeeder(ground, closers)),
    secrets: {
      hashPassword: (password) => passwords.hash(password),
      passwordShortcomings,
      newApplicationCredentials: () => clientSecrets.newApplicationCredentials(),
    },
    defaultIsolation: config.defaultIsolation,
    retentionDays: config.retentionDays,
    spares: config.tenantSpares,
    isLocal: config.environmentName === 'local',
    now,
    newId,
    log,
    metrics,
  });
  closers.add(() => manager.stop());
  await manager.start();
  return manager;
}

/**
 * On the embedded database nobody else migrates. With a server of the operator's own it is a step of a deployment, done
 * once and watched (`cofferdam migrate`); tenants that are behind answer 503 until then.
 */
async function bringUpToDate(ground: Ground, prepared: PreparedServer): Promise<void> {
  if (ground.config.databaseUrl !== undefined) return;
  const closers = new Closers();
  try {
    // Ledger processes of another build cannot be here: the embedded server has one owner.
    const { newId, now } = ground;
    const { results } = await migrateRecorded(await openFleet(ground, closers, prepared), {
      readerLogin: undefined,
      actor: 'system',
      newId,
      now,
    });
    for (const { tenantId, error } of results)
      if (error !== undefined) ground.log.error({ tenantId, error }, 'a tenant could not be brought up to date');
  } finally {
    await closers.close();
  }
}

/** The Access Manager runs elsewhere: its directory is written through its own login all the same. */
async function openSeeder(ground: Ground, closers: Closers): Promise<AccessSeeder> {
  const pool = openPool(await openAccessDatabase(ground), {
    max: 4,
    applicationName: 'cofferdam tenants',
    searchPath: accessSearchPath,
    onError: (error) => ground.log.warn({ err: error }, 'an idle connection to the access database broke'),
  });
  closers.add(() => pool.end());
  return createAccessSeeder({ store: createAccessStore(pool), now: ground.now, newId: ground.newId });
}

/** For a start by hand on one machine: what `cofferdam logins` prints, kept in the data folder. */
async function writeServiceLogins(ground: Ground, prepared: PreparedServer): Promise<void> {
  const { ledger, access } = serviceLogins(ground, prepared);
  const lines = [
    '# for a process that runs the ledger alone',
    `CONTROL_DATABASE_URL=${ledger.CONTROL_DATABASE_URL}`,
    '# for a process that runs the Access Manager alone',
    ...Object.entries(access).map(([name, url]) => `# ${name}=${url}`),
  ];
  await writePrivateFile(join(ground.config.dataDirectory, 'database-urls.env'), `${lines.join('\n')}\n`);
}
