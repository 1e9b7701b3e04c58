import { createLog } from '../../packages/server/src/cli/log.js';
import { startServer } from '../../packages/server/src/cli/start-server.js';
import { untilSignal } from '../../packages/server/src/cli/until-signal.js';
import { readConfig } from '../../packages/server/src/config.js';
import { Gate } from './gate.js';
import { type BaselineSettings, createLockPerTransactionPoster } from './lock-per-transaction.js';

// The whole program as `cofferdam serve` runs it, with another poster. The bench sets by message how many work at once, and how.
const config = readConfig(process.env);
const settings: BaselineSettings = { gate: new Gate(config.tenantConnectionsMax), ownStatements: false };
process.on('message', (message: { readonly width: number; readonly ownStatements: boolean }) => {
  settings.gate.width = message.width;
  settings.ownStatements = message.ownStatements;
  process.send?.(message);
});
const log = createLog(config.logLevel);
const server = await startServer(config, {
  log,
  createPoster: (options) => createLockPerTransactionPoster(options, settings),
});
log.info({ urls: server.urls }, 'serving');
await untilSignal();
await server.stop();
process.exit(0);
