import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type pg from 'pg';
import type { TenantContext } from '../../postgres/tenant-context.js';
import type { LedgerTables } from './tables.js';

declare const lent: unique symbol;

/** A transaction or connection of one tenant's own login, lent for the time of one callback. Storage takes it first. */
export type TenantTx = Kysely<LedgerTables> & { readonly [lent]: 'query builder' };

/** The same as a plain `pg` client, for the posting path, which speaks plain SQL. */
export type TenantClient = pg.PoolClient & { readonly [lent]: 'client' };

/** Deadlock victims and serialization failures have left no trace and may run again; more often than this is no accident. */
const attemptsMax = 5;
const retryable = new Set(['40001', '40P01']);

/**
 * Runs `fn` in one transaction on the tenant's store: committed when it returns, rolled back when it throws.
 * Deadlocks and serialization failures run `fn` again, so it must have no effect outside the transaction.
 */
export function withTenant<T>(tenant: TenantContext, fn: (tx: TenantTx) => Promise<T>): Promise<T> {
  return retrying(() => tenant.pool.db.transaction().execute((trx) => fn(trx as unknown as TenantTx)));
}

/** Runs reads on one connection, each statement with its own snapshot. Nothing may be written through it. */
export function readTenant<T>(tenant: TenantContext, fn: (tx: TenantTx) => Promise<T>): Promise<T> {
  return tenant.pool.db.connection().execute((connection) => fn(connection as unknown as TenantTx));
}

/**
 * Lends a plain client; `fn` begins, commits and retries by itself. A client whose callback failed in a way that may
 * have left a transaction open is destroyed rather than handed to the next caller.
 */
export async function withTenantClient<T>(tenant: TenantContext, fn: (client: TenantClient) => Promise<T>): Promise<T> {
  const client = (await tenant.pool.pg.connect()) as TenantClient;
  let failed = true;
  try {
    const result = await fn(client);
    failed = false;
    return result;
  } finally {
    client.release(failed);
  }
}

async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= attemptsMax || !isRetryable(error)) throw error;
      // Two victims of one deadlock must not meet again at the same moment.
      await delay(attempt * 5 + Math.random() * 20);
    }
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && retryable.has(error.code);
}
