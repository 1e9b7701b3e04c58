import type pg from 'pg';
import { type ConnectionSettings, connectionSettings, withDatabase } from '../postgres/connection-settings.js';
import type { InstallationNames } from '../postgres/installation.js';
import { openClient, openPool } from '../postgres/pool.js';

/** The administrator's connections to one server that holds tenants. */
export interface AdminServer {
  readonly settings: ConnectionSettings;
  /** Roles, databases, advisory locks. */
  readonly cluster: pg.Pool;
  /** The shared database of schema-isolated tenants. */
  readonly shared: pg.Pool;
  /** One connection to a tenant's own database; the caller ends it. */
  connect(database: string, searchPath: string): Promise<pg.Client>;
  /** One connection as another login; the caller ends it. Rejects with PostgreSQL's refusal. */
  connectAs(login: { user: string; password: string; database: string; searchPath?: string }): Promise<pg.Client>;
}

/** By server id. So far `default` alone; a placement already names its server. */
export interface AdminConnections {
  server(id: string): AdminServer;
  close(): Promise<void>;
}

export function openAdminConnections(
  servers: ReadonlyMap<string, ConnectionSettings>,
  options: { readonly names: InstallationNames; readonly onError: (error: Error) => void },
): AdminConnections {
  const opened = new Map([...servers].map(([id, settings]) => [id, openServer(settings, options)] as const));
  return Object.freeze({
    server(id: string) {
      const server = opened.get(id);
      if (server === undefined) throw new Error(`server ${id} has no administrative connection in this process`);
      return server;
    },
    async close() {
      await Promise.all([...opened.values()].flatMap(({ cluster, shared }) => [cluster.end(), shared.end()]));
    },
  });
}

function openServer(
  settings: ConnectionSettings,
  { names, onError }: { readonly names: InstallationNames; readonly onError: (error: Error) => void },
): AdminServer {
  const applicationName = 'cofferdam tenants';
  const idleTimeoutMs = 60_000;
  const start = async (of: ConnectionSettings, searchPath: readonly string[] | undefined) => {
    const path = searchPath === undefined ? {} : { searchPath };
    const client = openClient(of, { applicationName, connectTimeoutMs: 5_000, ...path });
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    return client;
  };
  return Object.freeze({
    settings,
    cluster: openPool(settings, { max: 8, applicationName, idleTimeoutMs, onError }),
    shared: openPool(withDatabase(settings, names.sharedDatabase), { max: 4, applicationName, idleTimeoutMs, onError }),
    connect: (database: string, searchPath: string) => start(withDatabase(settings, database), [searchPath]),
    connectAs: ({ searchPath, ...login }: { user: string; password: string; database: string; searchPath?: string }) =>
      start(connectionSettings({ ...settings, ...login }), searchPath === undefined ? undefined : [searchPath]),
  });
}
