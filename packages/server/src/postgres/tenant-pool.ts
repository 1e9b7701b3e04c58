import { LedgerError } from '@cofferdam/core';
import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import type { ConnectionSettings } from './connection-settings.js';
import { openPool, type PoolOptions } from './pool.js';
import type { TenantPool } from './tenant-context.js';

export interface DrainableTenantPool extends TenantPool {
  /**
   * Lends nothing out any more; resolves when every connection is closed. Transactions under way may finish for
   * `graceMs`, then their connections are cut. Later calls share the first one's answer.
   */
  drain(graceMs: number): Promise<void>;
}

/**
 * The pool of one tenant's run-time login. Nothing connects until the first query. A session that sits in an open
 * transaction for a minute is ended: it would hold balance locks of the whole tenant.
 */
export function openTenantPool(settings: ConnectionSettings, options: PoolOptions): DrainableTenantPool {
  const pool = openPool(settings, { idleInTransactionTimeoutMs: 60_000, ...options });
  const lent = new Set<pg.PoolClient>();
  pool.on('acquire', (client) => lent.add(client));
  pool.on('release', (_error, client) => lent.delete(client));
  pool.on('remove', (client) => lent.delete(client));

  let draining: Promise<void> | undefined;
  const admitted = (): pg.Pool => {
    if (draining === undefined) return pool;
    throw new LedgerError('tenant_service_unavailable', {
      detail: 'The connections of this tenant are being closed or replaced; try again.',
      retryAfterSeconds: 1,
      log: 'tenant pool is draining',
    });
  };
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: { connect: async () => admitted().connect(), end: async () => {} } }),
  });

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
  const deadline = Date.now() + graceMs;
  // Callers that wait in the pool's queue were admitted before the drain: they are served too.
  while ((lent.size > 0 || pool.waitingCount > 0) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, Math.min(20, graceMs)));
  const ended = pool.end();
  // `end` waits for whoever still holds a connection; cutting it makes their query reject and the client come back.
  for (const client of lent) (client as unknown as pg.Client).end().catch(() => {});
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
}
