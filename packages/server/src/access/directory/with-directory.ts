import { setTimeout as delay } from 'node:timers/promises';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type pg from 'pg';
import { isConnectionLost, isRetryable } from '../../postgres/pg-errors.js';
import { AccessError } from '../access-errors.js';
import type { DirectoryTables, InstallationTables } from './tables.js';

declare const lent: unique symbol;

/** One transaction that sees one tenant's rows. Every function that touches the directory takes it first. */
export interface DirectoryTx {
  readonly db: Kysely<DirectoryTables>;
  /** For the columns of new rows; what may be seen is decided by the database. */
  readonly tenantId: TenantId;
  readonly [lent]: 'directory transaction';
}

/** The Access Manager's database, seen through its service login. The directory inside is reached by `withDirectory` alone. */
export interface AccessStore {
  /** Signing keys: not tenant data. */
  readonly installation: Kysely<InstallationTables>;
}

const directories = new WeakMap<AccessStore, Kysely<DirectoryTables>>();

/** `pool`: of the service login (`accessServiceSettings`), search path `access`. The caller ends it. */
export function createAccessStore(pool: pg.Pool): AccessStore {
  const db = new Kysely<DirectoryTables & InstallationTables>({ dialect: new PostgresDialect({ pool }) });
  const store = Object.freeze({ installation: db as unknown as Kysely<InstallationTables> });
  directories.set(store, db as unknown as Kysely<DirectoryTables>);
  return store;
}

const attemptsMax = 3;

/**
 * The one door to the directory: `fn` runs in a transaction that has named its tenant, and row-level security shows it
 * that tenant's rows only. Deadlocks run `fn` again. Throws AccessError AUT-1099 (503) when the store cannot be reached.
 */
export async function withDirectory<T>(
  store: AccessStore,
  tenantId: TenantId,
  fn: (tx: DirectoryTx) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await directoryOf(store)
        .transaction()
        .execute(async (trx) => {
          // `true`: gone with the transaction, so that the connection carries no tenant to its next borrower.
          await sql`select set_config('cofferdam.tenant_id', ${tenantId}, true)`.execute(trx);
          return fn({ db: trx, tenantId } as unknown as DirectoryTx);
        });
    } catch (error) {
      if (!isRetryable(error) || attempt === attemptsMax) throw unreachable(error);
      await delay(attempt * 5 + Math.random() * 20);
    }
  }
}

/** The tenant a client belongs to: all that may be learned across tenants, through a function of the database. */
export async function findTenantOfClient(store: AccessStore, clientId: string): Promise<TenantId | undefined> {
  try {
    const { rows } = await sql<{ tenant_id: string | null }>`select tenant_of_client(${clientId}) as tenant_id`.execute(
      directoryOf(store),
    );
    const found = rows[0]?.tenant_id;
    return typeof found === 'string' ? canonicalTenantId(found) : undefined;
  } catch (error) {
    throw unreachable(error);
  }
}

function directoryOf(store: AccessStore): Kysely<DirectoryTables> {
  const db = directories.get(store);
  if (db === undefined) throw new Error('not a store made by createAccessStore');
  return db;
}

/** Connection trouble becomes a refusal that says to come back; everything else stays what it is. */
export function unreachable(error: unknown): unknown {
  if (!isConnectionLost(error)) return error;
  return new AccessError('unavailable', {
    message: 'The directory cannot be reached at the moment. Send the request again in a few seconds.',
    retryAfterSeconds: 2,
    log: error,
  });
}
