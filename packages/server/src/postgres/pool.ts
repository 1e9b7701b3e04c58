import { LedgerError } from '@cofferdam/core';
import pg from 'pg';
import type { ConnectionSettings } from './connection-settings.js';
import { endWhenPeerIsDead } from './dead-peer.js';
import { destroy } from './end-client.js';
import { quoteIdentifier } from './identifiers.js';
import { primaryClient } from './primary-client.js';
import { queryBuilderOver } from './query-builder.js';
import type { TenantPool } from './tenant-context.js';
import { typeParsers } from './type-parsers.js';

export interface PoolOptions {
  /** Connections at most. A new one costs 14–28 ms of the server, so pools hold on to theirs. */
  readonly max: number;
  readonly applicationName: string;
  /** Schema names, in order. Sent as a start-up option, which wins over `alter role … set search_path`. */
  readonly searchPath?: readonly string[];
  readonly statementTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
  /** Idle connections are closed after this long; default 5 minutes, 0 never. */
  readonly idleTimeoutMs?: number;
  /** For making a connection, and for waiting for a free one. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Statements are sent without waiting for the answers to those before them, which come in order. Default false. */
  readonly pipeline?: boolean;
  /** A connection broke while nobody used it. The pool has already dropped it: log, nothing more. */
  readonly onError?: (error: Error) => void;
}

/**
 * A pool of one login on one database. Values arrive as `type-parsers.ts` says, sessions run in UTC. A broken connection,
 * lent out or idle, never becomes an uncaught error: whoever uses it gets the rejection.
 */
export function openPool(settings: ConnectionSettings, options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(settings, options),
    Client: clientClass(settings),
    max: options.max,
    idleTimeoutMillis: options.idleTimeoutMs ?? 300_000,
  });
  // Once the pool is ending, a connection cut by the server's own stop is no news.
  pool.on('error', (error) => (pool.ending ? undefined : options.onError?.(error)));
  // While a client is lent out the pool does not listen to it, and an 'error' without a listener ends the process.
  pool.on('connect', (client) => {
    client.on('error', ignore);
    endWhenPeerIsDead(client);
  });
  return pool;
}

/** One connection outside any pool, for `listen` and for session-level locks. The caller connects and ends it. */
export function openClient(
  settings: ConnectionSettings,
  options: Omit<PoolOptions, 'max' | 'idleTimeoutMs'>,
): pg.Client {
  const client = new (clientClass(settings))(clientConfig(settings, options));
  client.on('error', (error) => options.onError?.(error));
  client.once('connect', () => endWhenPeerIsDead(client));
  return client;
}

export interface DrainableTenantPool extends TenantPool {
  readonly pg: pg.Pool;
  /**
   * Lends nothing out any more; resolves when every connection is closed. Transactions under way may finish for
   * `graceMs`, then their connections are cut. Later calls share the first one's answer.
   */
  drain(graceMs: number): Promise<void>;
}

/**
 * The pool of one run-time login, outside of any budget: single-tenant mode, and commands that end. The pools of tenants that are
 * served are budgeted (`budgeted-pool.ts`). Nothing connects until the first query. A session that sits in an open
 * transaction for a minute is ended: it would hold balance locks of the whole tenant.
 */
export function openTenantPool(settings: ConnectionSettings, options: PoolOptions): DrainableTenantPool {
  const pool = openPool(settings, { idleInTransactionTimeoutMs: 60_000, pipeline: true, ...options });
  const lent = new Set<pg.PoolClient>();
  pool.on('acquire', (client) => lent.add(client));
  pool.on('release', (_error, client) => lent.delete(client));
  pool.on('remove', (client) => lent.delete(client));

  let draining: Promise<void> | undefined;
  const admitted = (): pg.Pool => {
    if (draining === undefined) return pool;
    throw new LedgerError('tenant_service_unavailable', {
      detail: 'The connections of this tenant are being closed; try again.',
      retryAfterSeconds: 1,
      log: 'tenant pool is draining',
    });
  };
  const db = queryBuilderOver(admitted);

  return Object.freeze({
    get pg() {
      return admitted();
    },
    db,
    drain(graceMs: number) {
      draining ??= drainPool(pool, lent, graceMs);
      return draining;
    },
  });
}

async function drainPool(pool: pg.Pool, lent: ReadonlySet<pg.PoolClient>, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  // Callers that wait in the pool's queue were admitted before the drain: they are served too.
  while ((lent.size > 0 || pool.waitingCount > 0) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, Math.min(20, graceMs)));
  const ended = pool.end();
  // `end` waits for whoever still holds a connection; cutting it makes their query reject and the client come back.
  for (const client of lent) destroy(client as unknown as pg.Client);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
}

function clientConfig(settings: ConnectionSettings, options: Omit<PoolOptions, 'max'>): pg.ClientConfig {
  return {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: settings.password,
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    pipeline: options.pipeline ?? false,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    types: typeParsers as pg.CustomTypesConfig,
    // A pooler refuses start-up options; the login's own settings (`alter role … set`) say the same (ADR 0013).
    ...(settings.pooler ? {} : { options: startupOptions(options) }),
  };
}

function clientClass({ pooler, addresses }: ConnectionSettings): typeof pg.Client {
  if (pooler) return UnnamedClient as unknown as typeof pg.Client;
  return addresses === undefined ? pg.Client : primaryClient(addresses);
}

/** Prepares nothing by name: behind a pooler in transaction mode the next statement may meet another session. */
class UnnamedClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: the driver's overloads, passed on as they are
  override query(first: any, ...rest: any[]): any {
    const isNamed = typeof first === 'object' && first !== null && typeof first.text === 'string' && 'name' in first;
    if (!isNamed) return super.query(first, ...rest);
    const { name, ...unnamed } = first;
    return super.query(unnamed, ...rest);
  }
}

function startupOptions(options: Omit<PoolOptions, 'max'>): string {
  // The last one: a statement whose client is gone (killed, or cut by a drain) is given up, and its locks with it.
  const values: Record<string, string> = { timezone: 'UTC', datestyle: 'ISO', client_connection_check_interval: '1s' };
  if (options.searchPath !== undefined) values['search_path'] = options.searchPath.map(quoteIdentifier).join(',');
  if (options.statementTimeoutMs !== undefined) values['statement_timeout'] = String(options.statementTimeoutMs);
  if (options.idleInTransactionTimeoutMs !== undefined)
    values['idle_in_transaction_session_timeout'] = String(options.idleInTransactionTimeoutMs);
  return Object.entries(values)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}

const ignore = () => {};
