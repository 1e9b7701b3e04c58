import type pg from 'pg';
import { type ConnectionSettings, connectionSettings, withDatabase } from '../postgres/connection-settings.js';
import type { InstallationNames } from '../postgres/installation.js';
import { openClient, openPool } from '../postgres/pool.js';
import type { Vault } from './credentials.js';
import { type AdminRecord, addressesOf, findAdminRecord } from './servers/server-record.js';

/** The administrator's connections to one server that holds tenants. */
export interface AdminServer {
  readonly id: string;
  /** `given`: one tenant's own database, brought by the operator. */
  readonly kind: 'shared' | 'given';
  readonly settings: ConnectionSettings;
  /** Roles, databases, advisory locks. */
  readonly cluster: pg.Pool;
  /** The shared database of schema-isolated tenants. */
  readonly shared: pg.Pool;
  readonly sharedDatabase: string;
  /** One connection to a tenant's own database; the caller ends it. */
  connect(database: string, searchPath: string): Promise<pg.Client>;
  /** One connection as another login; the caller ends it. Rejects with PostgreSQL's refusal. */
  connectAs(login: { user: string; password: string; database: string; searchPath?: string }): Promise<pg.Client>;
}

/** By server id: `default` is the one of DATABASE_URL, the others are read from the control database at each use. */
export interface AdminConnections {
  server(id: string): Promise<AdminServer>;
  close(): Promise<void>;
}

export const defaultServer = 'default';

export interface AdminConnectionsOptions {
  /** Of the server `default`. */
  readonly admin: ConnectionSettings;
  readonly control: pg.Pool;
  readonly vault: Vault;
  readonly names: InstallationNames;
  readonly onError: (error: Error) => void;
}

interface Opened {
  readonly version: number;
  readonly server: AdminServer;
}

export function openAdminConnections(options: AdminConnectionsOptions): AdminConnections {
  const { control, vault } = options;
  const first = openAdminServer({ id: defaultServer, kind: 'shared' }, options.admin, options);
  const others = new Map<string, Opened>();
  const retired: Promise<unknown>[] = [];

  return Object.freeze({
    async server(id: string) {
      if (id === defaultServer) return first;
      const record = await findAdminRecord(control, id);
      if (record === undefined) throw new Error(`there is no server ${id}`);
      const held = others.get(id);
      if (held?.version === record.version) return held.server;
      const server = openAdminServer(record, settingsOf(record, vault), options);
      others.set(id, { version: record.version, server });
      if (held !== undefined) retired.push(closeServer(held.server));
      return server;
    },
    async close() {
      const all = [first, ...[...others.values()].map(({ server }) => server)];
      await Promise.all([...all.map(closeServer), ...retired]);
    },
  });
}

function settingsOf(record: AdminRecord, vault: Vault): ConnectionSettings {
  const addresses = record.kind === 'shared' ? addressesOf(record, record.replicas) : undefined;
  return connectionSettings({
    ...(addresses === undefined ? {} : { addresses }),
    host: record.host,
    port: record.port,
    user: record.user,
    database: record.database,
    password: vault.open(`server:${record.id}`, 'server-admin', record.credential),
    ...(record.tls === null ? {} : { ssl: record.tls }),
  });
}

const closeServer = ({ cluster, shared }: AdminServer) => Promise.allSettled([cluster.end(), shared.end()]);

/** Connections are made at their first use. */
export function openAdminServer(
  { id, kind }: Pick<AdminServer, 'id' | 'kind'>,
  settings: ConnectionSettings,
  { names, onError }: Pick<AdminConnectionsOptions, 'names' | 'onError'>,
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
    id,
    kind,
    settings,
    sharedDatabase: names.sharedDatabase,
    cluster: openPool(settings, { max: 8, applicationName, idleTimeoutMs, onError }),
    shared: openPool(withDatabase(settings, names.sharedDatabase), { max: 4, applicationName, idleTimeoutMs, onError }),
    connect: (database: string, searchPath: string) => start(withDatabase(settings, database), [searchPath]),
    connectAs: ({ searchPath, ...login }: { user: string; password: string; database: string; searchPath?: string }) =>
      start(connectionSettings({ ...settings, ...login }), searchPath === undefined ? undefined : [searchPath]),
  });
}
