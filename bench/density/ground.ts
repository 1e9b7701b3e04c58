import { fileURLToPath } from 'node:url';
import type { ConnectionSettings } from '../../packages/server/src/postgres/connection-settings.js';
import { onCluster } from '../stage/cluster.js';
import type { ServerProcess } from '../stage/server-process.js';

/** One PostgreSQL with fsync on and one server, as an operator runs them; the server can be started anew. */
export interface Ground {
  readonly admin: ConnectionSettings;
  readonly postgresPid: number;
  readonly apiKey: string;
  readonly server: ServerProcess;
  /** Stops the server and starts it again: nothing is known of any tenant then. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

const memoryProbe = fileURLToPath(new URL('./memory-probe.mjs', import.meta.url));
const node = ['--max-semi-space-size=64', '--expose-gc', '--import', memoryProbe];

export function openGround(
  environment: Readonly<Record<string, string>>,
  say: (text: string) => void,
): Promise<Ground> {
  // Room for the bench's own connection beside the 300 that are allowed.
  const settings = { max_connections: '320' };
  return onCluster({ name: 'bench', say, settings }, async ({ postgres, apiKey, serve }) => {
    const start = (more: Readonly<Record<string, string>> = {}) =>
      serve({ MULTI_TENANT_ENABLED: 'true', LOG_LEVEL: 'info', ...environment, ...more }, node);
    say('server');
    let server = await start();
    return {
      admin: postgres.adminSettings,
      postgresPid: postgres.pid,
      apiKey,
      get server() {
        return server;
      },
      async restart(more?: Readonly<Record<string, string>>) {
        await server.stop();
        server = await start(more);
      },
    };
  });
}
