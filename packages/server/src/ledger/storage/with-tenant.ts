import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '@cofferdam/core';
import type { Kysely } from 'kysely';
import type pg from 'pg';
import { isConnectionLost, isOutOfResources, isRetryable, sqlState } from '../../postgres/pg-errors.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { asRefusal } from './constraint-errors.js';
import type { LedgerTables } from './tables.js';

declare const lent: unique symbol;

/** A transaction or connection of one tenant's own login, lent for the time of one callback. Storage takes it first. */
export type TenantTx = Kysely<LedgerTables> & { readonly [lent]: 'query builder' };

/** The same as a plain `pg` client, for the posting path, which speaks plain SQL. */
export type TenantClient = pg.PoolClient & { readonly [lent]: 'client' };

/** Deadlock victims and serialization failures have left no trace and may run again; more often than this is no accident. */
const attemptsMax = 5;

/**
 * Runs `fn` in one transaction on the tenant's store: committed when it returns, rolled back when it throws.
 * Deadlocks and serialization failures run `fn` again, so it must have no effect outside the transaction.
 * Throws LedgerError `tenant_service_unavailable` when the store cannot be reached, and a unique violation as the
 * refusal it means (`constraint-errors.ts`).
 */
export async function withTenant<T>(tenant: TenantContext, fn: (tx: TenantTx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tenant.pool.db.transaction().execute((trx) => fn(trx as unknown as TenantTx));
    } catch (error) {
      if (tenant.primary !== undefined && isOfReplica(error)) return withTenant(tenant.primary, fn);
      if (!isRetryable(error) || attempt === attemptsMax) throw asRefusal(unreachableStore(error));
      // Two victims of one deadlock must not meet again at the same moment.
      await delay(attempt * 5 + Math.random() * 20);
    }
  }
}

/** Runs reads on one connection, each statement with its own snapshot. Nothing may be written through it. */
export async function readTenant<T>(tenant: TenantContext, fn: (tx: TenantTx) => Promise<T>): Promise<T> {
  try {
    return await tenant.pool.db.connection().execute((connection) => fn(connection as unknown as TenantTx));
  } catch (error) {
    if (tenant.primary !== undefined && isOfReplica(error)) return readTenant(tenant.primary, fn);
    throw unreachableStore(error);
  }
}

/** Lost, cancelled by what it replays, or asked to write: the primary can do it, and nothing was changed. */
function isOfReplica(error: unknown): boolean {
  if (error instanceof LedgerError) return error.reasonName === 'tenant_service_unavailable';
  return isConnectionLost(error) || isRetryable(error) || sqlState(error) === '25006';
}

/**
 * Lends a plain client; `fn` begins, commits and retries by itself, and sees the errors of PostgreSQL as they are.
 * After a failure the client is rolled back, and destroyed if even that fails, so that nobody inherits an open transaction.
 */
export async function withTenantClient<T>(tenant: TenantContext, fn: (client: TenantClient) => Promise<T>): Promise<T> {
  const client = await connect(tenant);
  try {
    const result = await fn(client);
    client.release();
    return result;
  } catch (error) {
    client.release(await rollbackFails(client));
    throw error;
  }
}

async function connect(tenant: TenantContext): Promise<TenantClient> {
  try {
    return (await tenant.pool.pg.connect()) as TenantClient;
  } catch (error) {
    throw unreachableStore(error);
  }
}

async function rollbackFails(client: TenantClient): Promise<boolean> {
  try {
    await client.query('rollback');
    return false;
  } catch {
    return true;
  }
}

/** A store that is just being purged, moved or made answers with missing tables, schemas, databases or logins. */
function isStoreMissing(error: unknown): boolean {
  return ['42P01', '3F000', '3D000', '28P01', '28000'].includes(sqlState(error) ?? '');
}

function unreachableStore(error: unknown): unknown {
  if (!isConnectionLost(error) && !isStoreMissing(error) && !isOutOfResources(error)) return error;
  return new LedgerError('tenant_service_unavailable', {
    detail: 'The store of this tenant cannot be reached at the moment. Send the request again in a few seconds.',
    retryAfterSeconds: 2,
    log: error,
  });
}
