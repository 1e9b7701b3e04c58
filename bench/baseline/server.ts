import { createLog } from '../../packages/server/src/cli/log.js';
import { startServer } from '../../packages/server/src/cli/start-server.js';
import { untilSignal } from '../../packages/server/src/cli/until-signal.js';
import { readConfig } from '../../packages/server/src/config.js';
import { Gate } from './gate.js';
import { createLockPerTransactionPoster } from './lock-per-transaction.js';

// The whole program as `cofferdam serve` runs it, with another poster. The bench says by message how wide the gate is.
const config = readConfig(process.env);
const gate = new Gate(config.tenantConnectionsMax);
process.on('message', (message: { readonly width: number }) => {
  gate.width = message.width;
  process.send?.({ width: gate.width });
});
const log = createLog(config.logLevel);
const server = await startServer(config, {
  log,
  createPoster: (options) => createLockPerTransactionPoster(options, gate),
});
log.info({ urls: server.urls }, 'serving');
await untilSignal();
await server.stop();
process.exit(0);
