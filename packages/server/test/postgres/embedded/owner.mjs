// A process that owns an embedded server, for tests that kill it. Prints one JSON line when ready; SIGTERM stops in order. Compiled
// output: it starts in a third of the time.
import { startEmbedded } from '../../../dist/postgres/embedded/start-embedded.js';

/** @type {{ directory: string, allowNamespace?: boolean }} */
const options = JSON.parse(process.argv[2] ?? '{}');
try {
  const server = await startEmbedded({
    ...options,
    log: { warn: (_details, message) => console.error(message) },
    onProgress: (message) => console.error(`progress: ${message}`),
  });
  process.once('SIGTERM', async () => {
    await server.stop();
    clearInterval(alive);
  });
  const alive = setInterval(() => {}, 60_000);
  const { host, port, database, user, password } = server.adminSettings;
  console.log(JSON.stringify({ host, port, database, user, password, pid: server.pid, adopted: server.adopted }));
} catch (error) {
  console.error(`refused: ${error.message}`);
  process.exitCode = 3;
}
