import type { TenantId } from '@cofferdam/core';
import type { Kysely } from 'kysely';
import type pg from 'pg';

/** The connections of one tenant's run-time login. Only `ledger/storage/with-tenant.ts` lends them out. */
export interface TenantPool {
  /** Throws when the pool is being drained: the caller answers 503 with Retry-After. */
  readonly pg: Pick<pg.Pool, 'connect' | 'query'>;
  /** The same pool as a query builder; the table types belong to whoever owns the tables. */
  readonly db: Kysely<unknown>;
}

/**
 * What a request may touch: made from verified claims only (multi-tenant), or the one static context (single-tenant).
 * Frozen; passed as an argument, never through module state. `tenantId` is undefined in single-tenant mode.
 */
export interface TenantContext {
  readonly tenantId: TenantId | undefined;
  readonly slug: string | undefined;
  /** Version of the configuration that this context was made from; grows with each change. */
  readonly configVersion: number;
  readonly pool: TenantPool;
  /** Of a context that reads from a replica: the same tenant's primary, for when the replica fails on the way. */
  readonly primary?: TenantContext;
}
