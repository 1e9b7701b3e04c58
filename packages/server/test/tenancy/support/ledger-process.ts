import type { TenantId } from '@cofferdam/core';
import type { Principal } from '../../../src/http/principal.js';
import { ledgerMigrations } from '../../../src/ledger/migrations/index.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';
import type { Catalogue, CatalogueOptions } from '../../../src/tenancy/catalogue-reader.js';
import { createTenantResolver } from '../../../src/tenancy/resolve-tenant.js';
import { createLedgerCatalogue, type TenantConfig } from '../../../src/tenancy/tenant-config.js';
import { createTenantPools, type TenantPools, type TenantPoolsOptions } from '../../../src/tenancy/tenant-pools.js';
import { type Installation, silentLog } from './installation.js';

export interface LedgerProcess {
  readonly catalogue: Catalogue<TenantConfig>;
  readonly pools: TenantPools;
  resolve(tenantId: TenantId): Promise<TenantContext>;
  stop(): Promise<void>;
}

/** The tenancy side of a ledger process: catalogue by the reader's login, pools, resolver. */
export async function startLedgerProcess(
  { prepared, vault }: Pick<Installation, 'prepared' | 'vault'>,
  options: {
    catalogue?: Partial<CatalogueOptions>;
    pools?: Partial<TenantPoolsOptions>;
    schemaVersionMin?: string;
    /** The last migration that this process's build knows. */
    build?: string;
    processId?: number;
  } = {},
): Promise<LedgerProcess> {
  const catalogue = createLedgerCatalogue({
    settings: prepared.ledgerReader,
    vault,
    log: silentLog,
    build: options.build ?? ledgerMigrations.at(-1)?.id,
    ...(options.processId === undefined ? {} : { processId: options.processId }),
    ...options.catalogue,
  });
  const pools = createTenantPools({ log: silentLog, ...options.pools });
  const resolver = createTenantResolver({
    catalogue,
    pools,
    schemaVersionMin: options.schemaVersionMin,
    contractVersionMax: options.build,
  });
  await catalogue.start();
  return {
    catalogue,
    pools,
    resolve: async (tenantId) => resolver.resolve(principalOf(tenantId)),
    async stop() {
      await pools.close(100);
      await catalogue.stop();
    },
  };
}

export function principalOf(tenantId: TenantId | undefined): Principal {
  return {
    subject: 'someone',
    kind: 'person',
    tenantId,
    clientId: 'client',
    tokenId: 'token',
    issuer: 'https://issuer.example',
    expiresAt: 4_000_000_000,
  };
}
