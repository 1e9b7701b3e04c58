import type { DirectoryTx } from './with-directory.js';

export interface TenantRecord {
  readonly slug: string;
  readonly name: string;
  /** The claim `owner` of tokens. */
  readonly ownerOrganization: string;
}

/** The tenant of this transaction; undefined when it has no directory (never made, or purged). */
export async function findTenant({ db, tenantId }: DirectoryTx): Promise<TenantRecord | undefined> {
  return db
    .selectFrom('tenant_directory')
    .select(['slug', 'name', 'owner_organization as ownerOrganization'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
}
