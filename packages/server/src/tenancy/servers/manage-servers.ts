import { type ConnectionSettings, connectionSettings } from '../../postgres/connection-settings.js';
import type { InstallationNames } from '../../postgres/installation.js';
import type { Migration } from '../../postgres/migration.js';
import { isUniqueViolation } from '../../postgres/pg-errors.js';
import type { Address } from '../../postgres/primary-address.js';
import { type AdminConnections, defaultServer } from '../admin-connections.js';
import type { ControlDatabase } from '../control-database.js';
import type { Vault } from '../credentials.js';
import { prepareHost } from '../prepare-host.js';
import { TenancyError } from '../tenancy-error.js';
import { insertServer } from './insert-server.js';
import {
  addressShortcomings,
  identifierOfFirst,
  readFacts,
  replicaShortcomings,
  type ServerFacts,
  serverShortcomings,
  tryConnection,
} from './probe-server.js';
import { findAdminRecord, findServer, type Replica, type ServerRecord } from './server-record.js';

export interface ServerTools {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
  readonly names: InstallationNames;
  readonly ledgerMigrations: readonly Migration[];
  /** Local environment: loopback addresses and connections without TLS are taken. */
  readonly isLocal: boolean;
}

export interface NewServer {
  readonly id: string;
  /** Of the login that makes databases and roles there; any database that it may connect to. */
  readonly settings: ConnectionSettings;
  readonly capacity?: number | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly replicas?: readonly Replica[];
}

/**
 * Probes a server, makes it ready for tenants and records it, its credential sealed. Takes a second or two (the template is
 * built); done again after an interruption it finds what is there.
 * @throws TenancyError server_exists, server_unfit
 */
export async function addServer(tools: ServerTools, server: NewServer, actor: string): Promise<ServerRecord> {
  const { control, vault, names, ledgerMigrations } = tools;
  const { id, settings } = server;
  if ((await findServer(control.pool, id)) !== undefined) throw taken(id);
  const systemIdentifier = await probe(tools, server, actor);
  await prepareHost({ admin: settings, names, ledgerMigrations });
  const { host, port, user } = settings;
  try {
    await control.change(async (tx) => {
      await tx.audit({ actor, action: 'server.add', outcome: 'done', details: { server: id, host, port, user } });
      const version = await tx.nextVersion();
      await insertServer(tx, vault, { ...server, kind: 'shared', state: 'open', systemIdentifier, version });
    });
  } catch (error) {
    throw isUniqueViolation(error) ? taken(id) : error;
  }
  return known(tools, id);
}

async function probe(tools: ServerTools, { id, settings, replicas = [] }: NewServer, actor: string): Promise<string> {
  const refuse = async (why: readonly string[]): Promise<never> => {
    const details = { server: id, host: settings.host, port: settings.port, why };
    await tools.control.audit({ actor, action: 'server.add', outcome: 'refused', details });
    throw new TenancyError('server_unfit', `No tenants can be placed on this server: ${why.join('; ')}.`);
  };
  const address = [
    ...(await addressShortcomings(settings, tools.isLocal)),
    ...(await replicaShortcomings(replicas, tools.isLocal)),
  ];
  if (address.length > 0) return refuse(address);
  const tried = await tryConnection(settings, readFacts);
  if ('refusal' in tried) return refuse([tried.refusal]);
  const found = serverShortcomings(tried.value);
  if (found.length === 0) found.push(...(await strangersAmong(replicas, settings, tried.value)));
  const twin = await serverWith(tools, tried.value.systemIdentifier);
  if (twin !== undefined) found.push(`it is the server ${twin} by another address`);
  if (found.length > 0) return refuse(found);
  return tried.value.systemIdentifier;
}

/**
 * A replica is reached by tenants' logins, and administered after its promotion: whatever answers there must stream from this
 * server. One that is away now may come later.
 */
async function strangersAmong(
  replicas: readonly Replica[],
  settings: ConnectionSettings,
  primary: Pick<ServerFacts, 'systemIdentifier'>,
): Promise<string[]> {
  const found: string[] = [];
  const { addresses: _, ...login } = settings;
  for (const { host, port } of replicas) {
    const tried = await tryConnection(connectionSettings({ ...login, host, port }), readFacts);
    if ('refusal' in tried && tried.isAway) continue;
    if ('refusal' in tried) found.push(tried.refusal);
    else if (tried.value.systemIdentifier !== primary.systemIdentifier || !tried.value.isReplica)
      found.push(`${host}:${port} is no replica of this server`);
  }
  return found;
}

async function serverWith({ control, admin }: ServerTools, systemIdentifier: string): Promise<string | undefined> {
  if ((await identifierOfFirst(admin)) === systemIdentifier) return defaultServer;
  const { rows } = await control.pool.query<{ id: string }>(
    `select id from server where system_identifier = $1 and kind = 'shared'`,
    [systemIdentifier],
  );
  return rows[0]?.id;
}

export interface ServerChange {
  readonly state?: ServerRecord['state'];
  readonly capacity?: number | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly replicas?: readonly Replica[];
  /** Where the primary is now: the same server (a promoted replica) or what was restored from it. */
  readonly address?: Address;
  /** Of the administering login. */
  readonly password?: string;
}

/** @throws TenancyError server_not_found, server_unfit when it cannot be opened there or so, or is another server */
export async function changeServer(
  tools: ServerTools,
  id: string,
  change: ServerChange,
  by: { readonly actor: string; readonly action: string },
): Promise<ServerRecord> {
  const { control, vault } = tools;
  const replicas = await replicaShortcomings(change.replicas ?? [], tools.isLocal);
  if (replicas.length > 0) throw new TenancyError('server_unfit', `${replicas.join('; ')}.`);
  await refuseForGiven(tools, id, change);
  if (change.password !== undefined || change.address !== undefined) await tryAccess(tools, id, change);
  if (change.replicas !== undefined) await tryReplicas(tools, id, change);
  const sealed = change.password === undefined ? null : vault.seal(`server:${id}`, 'server-admin', change.password);
  const { password: _, ...details } = change;
  await control.change(async (tx) => {
    await tx.audit({ ...by, outcome: 'done', details: { server: id, ...details, credential: sealed !== null } });
    // Only what connections are made with concerns the processes: their pools would be replaced for nothing.
    const concerns = change.replicas !== undefined || change.address !== undefined || sealed !== null;
    const version = concerns ? await tx.nextVersion() : null;
    const { rowCount } = await tx.client.query(
      `update server set state = coalesce($2, state), capacity = case when $3 then $4 else capacity end,
              labels = coalesce($5, labels), replicas = coalesce($6, replicas),
              admin_credential = coalesce($7, admin_credential), version = coalesce($8, version), updated_at = $9,
              host = coalesce($10, host), port = coalesce($11, port)
        where id = $1`,
      [
        id,
        change.state ?? null,
        change.capacity !== undefined,
        change.capacity ?? null,
        change.labels === undefined ? null : JSON.stringify(change.labels),
        change.replicas === undefined ? null : JSON.stringify(change.replicas),
        sealed,
        version,
        tx.at,
        change.address?.host ?? null,
        change.address?.port ?? null,
      ],
    );
    if (rowCount !== 1) throw noSuchServer(id);
  });
  return known(tools, id);
}

/** Nobody else is placed on a tenant's own database: only how it is reached can change, and only while it is used. */
async function refuseForGiven({ control }: ServerTools, id: string, change: ServerChange): Promise<void> {
  const server = await findServer(control.pool, id);
  if (server === undefined) throw noSuchServer(id);
  if (server.kind === 'shared') return;
  if ((await findAdminRecord(control.pool, id)) === undefined) throw noSuchServer(id);
  const others = Object.keys(change).filter((member) => member !== 'address' && member !== 'password');
  if (others.length > 0)
    throw new TenancyError(
      'invalid_request',
      `${id} is one tenant’s own database: only its address and password can change, not ${others.join(', ')}.`,
    );
}

async function tryAccess(tools: ServerTools, id: string, change: ServerChange): Promise<void> {
  const { admin, control, isLocal } = tools;
  if (id === defaultServer)
    throw new TenancyError('server_unfit', 'The first server is administered by DATABASE_URL: change it there.');
  const { settings: current, kind } = await admin.server(id);
  const { addresses: _, ...known } = current;
  const { password = known.password, address = { host: known.host, port: known.port } } = change;
  const settings = connectionSettings({ ...known, ...address, password });
  const found = change.address === undefined ? [] : await addressShortcomings(settings, isLocal);
  const tried = found.length > 0 ? undefined : await tryConnection(settings, readFacts);
  if (tried && 'refusal' in tried) found.push(tried.refusal);
  if (tried && 'value' in tried && change.address !== undefined) {
    // The login of a tenant's own database makes no others.
    found.push(...serverShortcomings(kind === 'given' ? { ...tried.value, mayCreateDatabases: true } : tried.value));
    const { rows } = await control.pool.query<{ own: string }>(
      'select system_identifier as own from server where id = $1',
      [id],
    );
    if (rows[0]?.own !== tried.value.systemIdentifier)
      found.push(`${address.host}:${address.port} is another server, not ${id} or a copy of it`);
  }
  if (found.length > 0) throw new TenancyError('server_unfit', `${found.join('; ')}.`);
}

async function tryReplicas(
  { admin }: ServerTools,
  id: string,
  { replicas = [], address, password }: ServerChange,
): Promise<void> {
  const { addresses: _, ...known } = (await admin.server(id)).settings;
  const settings = connectionSettings({ ...known, ...address, ...(password === undefined ? {} : { password }) });
  const primary = await tryConnection(settings, readFacts);
  // With the primary away there is nothing to compare with, and one of them may have been promoted.
  if (!('value' in primary) || primary.value.isReplica) return;
  const found = await strangersAmong(replicas, settings, primary.value);
  if (found.length > 0) throw new TenancyError('server_unfit', `${found.join('; ')}.`);
}

/** Forgets a server that holds no tenant and never held one. @throws TenancyError server_not_found, server_in_use */
export async function removeServer({ control }: ServerTools, id: string, actor: string): Promise<void> {
  await control.change(async (tx) => {
    // Placing bumps the feed first (`chooseServer`): until the commit nobody puts a tenant there, and who did is seen here.
    await tx.nextVersion();
    const found = await findServer(tx.client, id);
    if (found === undefined || found.kind === 'given') throw noSuchServer(id);
    const { rowCount } = await tx.client.query('select from placement where server_id = $1 limit 1', [id]);
    if (id === defaultServer || rowCount !== 0)
      throw new TenancyError(
        'server_in_use',
        id === defaultServer
          ? 'The first server cannot be removed: it holds the control database.'
          : `Server ${id} holds ${found.tenants} tenants, or held some whose records stay; drain it, so that it takes no new ones.`,
      );
    await tx.client.query('delete from server where id = $1', [id]);
    await tx.audit({ actor, action: 'server.remove', outcome: 'done', details: { server: id } });
  });
}

async function known({ control }: ServerTools, id: string): Promise<ServerRecord> {
  const server = await findServer(control.pool, id);
  if (server === undefined) throw noSuchServer(id);
  return server;
}

export function noSuchServer(id: string): TenancyError {
  return new TenancyError('server_not_found', `There is no server ${id}.`);
}

const taken = (id: string) => new TenancyError('server_exists', `There is a server ${id} already.`);
