import { Command } from 'commander';
import { ConfigError, readConfig } from '../../config.js';
import { ledgerMigrations } from '../../ledger/migrations/index.js';
import { runtimeGrants } from '../../ledger/migrations/runtime-grants.js';
import { openAdminConnections } from '../../tenancy/admin-connections.js';
import { openControlDatabase } from '../../tenancy/control-database.js';
import { createVault } from '../../tenancy/credentials.js';
import { type MigratedTenant, migrateTenants } from '../../tenancy/migrate-tenants.js';
import { prepareServer } from '../../tenancy/prepare-server.js';
import { prepareSingleTenant } from '../../tenancy/single-tenant.js';
import { CliError } from '../cli-error.js';
import { createLog } from '../log.js';
import { openAccessDatabase } from '../parts/access-part.js';
import type { Closers, Ground } from '../parts/part.js';
import { createProgress, type Progress } from '../progress.js';
import { withGround } from '../with-ground.js';
import { environmentHelp } from './environment-help.js';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('brings every database up to date: the books of the one tenant, or of all of them')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', environmentHelp())
    .action(async ({ json }: { json?: boolean }) => {
      const config = readConfig(process.env);
      const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel);
      const progress = createProgress();
      const report = await withGround(config, log, async (ground, closers) => {
        await progress.step('access database', () => openAccessDatabase(ground));
        if (config.multiTenant) return progress.step('tenants', () => migrateAll(ground, closers, progress));
        return progress.step('books', () => migrateSingle(ground));
      });
      if (json) console.log(JSON.stringify(report, undefined, 2));
      else console.log(`${report.length} migrated or checked, ${report.filter(({ error }) => error).length} failed`);
      const failed = report.filter(({ error }) => error !== undefined);
      for (const { tenantId, error } of failed) process.stderr.write(`${tenantId}: ${error}\n`);
      if (failed.length > 0) throw new CliError('some tenants are not up to date; they answer 503 until they are');
    });
}

type Report = (Omit<MigratedTenant, 'tenantId'> & { readonly tenantId: string })[];

async function migrateSingle({ admin, names, secrets, log }: Ground): Promise<Report> {
  if (admin === undefined) throw new ConfigError('DATABASE_URL is missing: migrations need an administrative login.');
  const single = await prepareSingleTenant({
    admin,
    names,
    encryptionKey: secrets.encryptionKey,
    ledgerMigrations,
    runtimeGrants,
    log,
  });
  await single.drain(1_000);
  return [{ tenantId: 'single' }];
}

async function migrateAll(
  { admin, names, secrets, log, now }: Ground,
  closers: Closers,
  progress: Progress,
): Promise<Report> {
  if (admin === undefined) throw new ConfigError('DATABASE_URL is missing: migrations need an administrative login.');
  const prepared = await prepareServer({
    admin,
    names,
    encryptionKey: secrets.encryptionKey,
    ledgerMigrations,
    log,
    now,
  });
  const onError = (error: Error): void => log.warn({ err: error }, 'an idle connection broke');
  const control = openControlDatabase(prepared.control, { now, onError });
  closers.add(() => control.close());
  const connections = openAdminConnections(new Map([['default', admin]]), { names, onError });
  closers.add(() => connections.close());
  const tools = {
    control,
    admin: connections,
    vault: createVault([secrets.encryptionKey]),
    ledgerMigrations,
    runtimeGrants,
  };
  return migrateTenants(tools, (done, total) => progress.say(`${done} of ${total}`));
}
