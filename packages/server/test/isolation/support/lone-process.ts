/** A server of the installation in a process of its own, whose heap can be looked into. Run by markers.long.test.ts. */
import { writeHeapSnapshot } from 'node:v8';
import { pino } from 'pino';
import { startServer } from '../../../src/cli/start-server.js';
import { readConfig, readParts } from '../../../src/config.js';
import { installationNames } from '../../../src/postgres/installation.js';

const { environment, prefix, logFile } = JSON.parse(process.argv[2] ?? '{}');
const running = await startServer(readConfig(environment, readParts(undefined)), {
  log: pino({ level: 'trace' }, pino.destination({ dest: logFile, sync: true })),
  names: installationNames(prefix),
});
process.on('message', (file: string) => {
  writeHeapSnapshot(file);
  process.send?.('written');
});
process.on('disconnect', () => process.exit());
process.send?.(running.urls);
