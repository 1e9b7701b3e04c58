import type { TenantContext } from '../postgres/tenant-context.js';

/** An index on one metadata key of one table. The words are checked by the caller and again by whoever builds. */
export interface MetadataIndexSpec {
  readonly table: string;
  readonly key: string;
  readonly unique: boolean;
  /** Records without the key are left out. */
  readonly sparse: boolean;
}

/**
 * Makes and drops indexes in the tenant's own store, which needs rights that the run-time login does not have
 * (contract, "Metadata indexes"): the ledger asks, whoever holds the tenant's migrator does it.
 */
export interface MetadataIndexPort {
  /** Without blocking writers. `exists`: there is a valid one on this key. Throws 0136 and 0161. */
  create(tenant: TenantContext, spec: MetadataIndexSpec): Promise<'created' | 'exists'>;
  drop(tenant: TenantContext, spec: Pick<MetadataIndexSpec, 'table' | 'key'>): Promise<'dropped' | 'missing'>;
}

/** Names of such indexes start with this: nothing else does, and a drift fingerprint leaves them out. */
export const metadataIndexPrefix = 'metadata_index_';
