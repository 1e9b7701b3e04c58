import type { TenantId } from '@cofferdam/core';
import { insertAuditEvent } from './directory/audit-events.js';
import { type CountedTable, countRows } from './directory/count-rows.js';
import { type DirectorySeed, seedDirectory } from './directory/seed-directory.js';
import { type AccessStore, withDirectory } from './directory/with-directory.js';
import type { Subjects } from './permissions/subjects.js';
import { singleTenantId, systemTenantId } from './reserved-tenants.js';

export interface AccessSeederOptions {
  readonly store: AccessStore;
  readonly now: () => Date;
  readonly newId: () => string;
  /** To be told of purges; absent when the Access Manager runs in another process. */
  readonly subjects?: Subjects;
}

/** What tenant provisioning and purge need of the Access Manager (access-manager §8.5, §8.6). Idempotent. */
export interface AccessSeeder {
  seed(seed: DirectorySeed & { readonly tenantId: TenantId }): Promise<void>;
  /** Rows of the tenant, in every table of the directory. */
  count(tenantId: TenantId): Promise<CountedTable[]>;
  /** Removes every row of the tenant, audit included; its clients and users can log in no more. */
  purge(tenantId: TenantId): Promise<void>;
}

/** Throws AccessError AUT-1099 when the directory cannot be reached: the saga tries again later. */
export function createAccessSeeder({ store, now, newId, subjects }: AccessSeederOptions): AccessSeeder {
  return Object.freeze({
    async seed({ tenantId, ...seed }: DirectorySeed & { readonly tenantId: TenantId }) {
      refuseReserved(tenantId);
      await withDirectory(store, tenantId, async (tx) => {
        await seedDirectory(tx, seed, now(), newId);
        await insertAuditEvent(tx, newId(), now(), { kind: 'directory', result: 'ok', reason: 'seeded' });
      });
    },
    async count(tenantId: TenantId) {
      refuseReserved(tenantId);
      return withDirectory(store, tenantId, countRows);
    },
    async purge(tenantId: TenantId) {
      refuseReserved(tenantId);
      // All other rows follow by their references.
      await withDirectory(store, tenantId, (tx) =>
        tx.db.deleteFrom('tenant_directory').where('tenant_id', '=', tenantId).execute(),
      );
      subjects?.forget(tenantId);
    },
  });
}

function refuseReserved(tenantId: TenantId): void {
  if (tenantId === singleTenantId || tenantId === systemTenantId)
    throw new Error(`${tenantId} is a reserved tenant id`);
}
