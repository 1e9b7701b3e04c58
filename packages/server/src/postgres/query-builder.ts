import { Kysely, PostgresDialect } from 'kysely';
import type { TenantPool } from './tenant-context.js';

/** A query builder over whatever pool is the right one at the moment of each query; `pool` throws when there is none. */
export function queryBuilderOver(pool: () => TenantPool['pg']): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: { connect: async () => pool().connect(), end: async () => {} } }),
  });
}
