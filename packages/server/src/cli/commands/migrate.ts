import { Command } from 'commander';
import { readConfig } from '../../config.js';
import { migrateTenants } from '../../tenancy/migrate-tenants.js';
import { CliError } from '../cli-error.js';
import { createLog } from '../log.js';
import { openAccessDatabase } from '../parts/access-part.js';
import { openFleet, openSingleStore } from '../parts/stores.js';
import { createProgress } from '../progress.js';
import { withGround } from '../with-ground.js';
import { environmentHelp } from './environment-help.js';

interface Migrated {
  readonly tenantId: string;
  readonly error?: string;
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('brings every database up to date: the books of the one tenant, or of all of them')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', environmentHelp())
    .action(async ({ json }: { json?: boolean }) => {
      const config = readConfig(process.env);
      const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel);
      const progress = createProgress();
      const report = await withGround(config, log, async (ground, closers): Promise<Migrated[]> => {
        await progress.step('access database', () => openAccessDatabase(ground));
        return progress.step('books', async () => {
          if (config.multiTenant) {
            const fleet = await openFleet(ground, closers);
            return migrateTenants(fleet, (done, total) => progress.say(`${done} of ${total}`));
          }
          await openSingleStore(ground, closers);
          return [{ tenantId: 'single' }];
        });
      });
      const failed = report.filter(({ error }) => error !== undefined);
      if (json) console.log(JSON.stringify(report, undefined, 2));
      else console.log(`${report.length} brought up to date, ${failed.length} of them failed`);
      for (const { tenantId, error } of failed) process.stderr.write(`${tenantId}: ${error}\n`);
      if (failed.length > 0) throw new CliError('some tenants are not up to date; they answer 503 until they are');
    });
}
