import { LedgerError } from '@cofferdam/core';
import { Kysely, PostgresDialect } from 'kysely';
import type { TenantPool } from '../postgres/tenant-context.js';
import { within } from './within.js';

/** Requests of a tenant whose books are changing their place wait here: nobody is refused before `holdMs` have passed. */
export interface Hold {
  /** Stands for the tenant's pool; its connections are those of the pool that the hold ends with. */
  readonly pool: TenantPool;
  /** Of the configuration that began it. */
  readonly configVersion: number;
  /** Called once. */
  end(pool: Promise<TenantPool>): void;
}

/** A writer is kept waiting for this long at most (issue: writes pause for at most 2 s); then 503 with Retry-After. */
const holdMs = 2_000;

export function createHold(configVersion: number): Hold {
  let resolve: Hold['end'] = () => {};
  const promise = new Promise<TenantPool>((done) => {
    resolve = done;
  });
  promise.catch(() => {}); // perhaps nobody waits
  const next = () => within(holdMs, promise, moving);
  const pg = {
    connect: async () => (await next()).pg.connect(),
    query: async (...args: unknown[]) =>
      ((await next()).pg.query as unknown as (...all: unknown[]) => Promise<unknown>)(...args),
  } as unknown as TenantPool['pg'];
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: { connect: () => pg.connect(), end: async () => {} } }),
  });
  return Object.freeze({ pool: Object.freeze({ pg, db }), configVersion, end: resolve });
}

function moving(): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail: 'The books of this tenant are changing their place; try again.',
    reason: 'SERVICE_UNAVAILABLE',
    retryAfterSeconds: 1,
    log: 'a hold took too long',
  });
}
