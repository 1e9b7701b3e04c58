import { join } from 'node:path';
import { Command } from 'commander';
import { ConfigError, readConfig, readParts } from '../../config.js';
import { createCommandLog } from '../log.js';
import { bootstrapAccess, startAccess } from '../parts/access-part.js';
import { withGround } from '../with-ground.js';
import { environmentHelp } from './environment-help.js';

export function bootstrapCommand(): Command {
  return new Command('bootstrap')
    .description('single-tenant: gives the administrator a new password and replaces the bootstrap application')
    .option('--json', 'print the credentials as JSON')
    .addHelpText(
      'after',
      environmentHelp([
        'DATABASE_URL',
        'COFFERDAM_DATA_DIR',
        'COFFERDAM_ENCRYPTION_KEY',
        'ACCESS_TOKEN_ALGORITHM',
        'LOG_LEVEL',
      ]),
    )
    .action(async ({ json }: { json?: boolean }) => {
      const config = readConfig(process.env, readParts('ledger,access,tenants'));
      if (config.multiTenant)
        throw new ConfigError(
          'MULTI_TENANT_ENABLED is true: owners and applications come with their tenant there (cofferdam tenants create).',
        );
      await withGround(config, createCommandLog(config.logLevel), async (ground, closers) => {
        const access = await startAccess(ground, closers, undefined);
        const made = await bootstrapAccess(ground, access, true);
        await access.close();
        console.log(
          json
            ? JSON.stringify(made, undefined, 2)
            : `written to ${join(config.dataDirectory, 'bootstrap-credentials.json')} (mode 0600)`,
        );
      });
    });
}
