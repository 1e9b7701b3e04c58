import { Command } from 'commander';
import { doubtsAbout, readConfig, readParts } from '../../config.js';
import { CliError } from '../cli-error.js';
import { endOnUncaught } from '../end-on-uncaught.js';
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
      endOnUncaught(log);
      for (const doubt of doubtsAbout(process.env, config)) log.warn(doubt);
      const progress = createProgress();
      const { lost, onLost } = loss();
      const server = await progress.step('starting', () =>
        startServer(config, { log, onProgress: progress.say, onLost }),
      );
      log.info({ urls: server.urls }, 'serving');
      const end = await Promise.race([untilSignal(), lost]);
      if (typeof end === 'object') {
        await server.stop();
        throw new CliError(end.reason);
      }
      log.info({ signal: end }, 'draining');
      // Ctrl-C is somebody who waits; SIGTERM comes from a supervisor with a balancer in front.
      await server.stop({ delayMs: end === 'SIGTERM' ? config.shutdownDelaySeconds * 1_000 : 0 });
    });
}

/** Resolves when what the process cannot do without is gone. */
function loss(): { readonly lost: Promise<{ readonly reason: string }>; readonly onLost: (reason: string) => void } {
  let onLost: (reason: string) => void = () => {};
  const lost = new Promise<{ reason: string }>((resolve) => {
    onLost = (reason) => resolve({ reason });
  });
  return { lost, onLost };
}
