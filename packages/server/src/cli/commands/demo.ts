import { Command } from 'commander';
import { readConfig } from '../../config.js';
import { walk } from '../demo/walk.js';
import { createLog } from '../log.js';
import { createProgress } from '../progress.js';
import { startServer } from '../start-server.js';
import { untilSignal } from '../until-signal.js';
import { environmentHelp } from './environment-help.js';

export function demoCommand(): Command {
  return new Command('demo')
    .description('starts everything in multi-tenant mode, makes two tenants, posts, and shows both walls')
    .option('--once', 'end after the walk instead of serving')
    .addHelpText('after', environmentHelp())
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
