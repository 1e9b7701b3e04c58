import { Command } from 'commander';
import { doubtsAbout, readConfig, readParts } from '../../config.js';
import { createLog } from '../log.js';
import { createProgress } from '../progress.js';
import { startServer } from '../start-server.js';
import { untilSignal } from '../until-signal.js';
import { environmentHelp } from './environment-help.js';

export function serveCommand(): Command {
  return new Command('serve')
    .description('runs the server in the foreground; SIGTERM and Ctrl-C let requests in flight finish')
    .option('--parts <list>', 'ledger, access, tenants: what this process runs', 'ledger,access,tenants')
    .addHelpText('after', environmentHelp())
    .action(async (options: { parts: string }) => {
      const config = readConfig(process.env, readParts(options.parts));
      const log = createLog(config.logLevel);
      for (const doubt of doubtsAbout(process.env, config)) log.warn(doubt);
      const progress = createProgress();
      const server = await progress.step('starting', () => startServer(config, { log, onProgress: progress.say }));
      log.info({ urls: server.urls }, 'serving');
      const signal = await untilSignal();
      log.info({ signal }, 'draining');
      await server.stop();
    });
}
