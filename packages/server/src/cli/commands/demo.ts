import { Command } from 'commander';
import { readConfig } from '../../config.js';
import { walk } from '../demo/walk.js';
import { createLog } from '../log.js';
import { createProgress } from '../progress.js';
import { startServer } from '../start-server.js';
import { untilSignal } from '../until-signal.js';
import { environmentHelp } from './environment-help.js';

const shown = [
  'DATABASE_URL',
  'COFFERDAM_DATA_DIR',
  'COFFERDAM_ENCRYPTION_KEY',
  'SERVER_PORT',
  'ACCESS_PORT',
  'TENANTS_PORT',
  'BIND_ADDRESS',
  'LOG_LEVEL',
] as const;

export function demoCommand(): Command {
  return new Command('demo')
    .description('starts everything in multi-tenant mode, makes two tenants, posts, and shows both walls')
    .option('--once', 'end after the walk instead of serving')
    .addHelpText(
      'after',
      `${environmentHelp(shown)}and everything else that serve reads (cofferdam serve --help); the mode is multi-tenant in any case.\n`,
    )
    .action(async ({ once }: { once?: boolean }) => {
      // Logs would drown the walk: warnings only, unless asked for.
      const environment = { LOG_LEVEL: 'warn', ...process.env, MULTI_TENANT_ENABLED: 'true' };
      const config = readConfig(environment);
      const progress = createProgress();
      const server = await progress.step('PostgreSQL, ledger, Access Manager and Tenant Manager', () =>
        startServer(config, { log: createLog(config.logLevel), onProgress: progress.say }),
      );
      try {
        const places = { ...server.urls, apiKey: server.tenantManagerApiKey, dataDirectory: config.dataDirectory };
        await walk(places, progress, (text) => process.stdout.write(`${text}\n`));
        if (once) return;
        process.stdout.write('  serving; Ctrl-C ends it\n');
        await untilSignal();
      } finally {
        await server.stop();
      }
    });
}
