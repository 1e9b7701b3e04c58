import type { TenantId } from '@cofferdam/core';
import type { TenantResolver } from '../../http/principal.js';
import type { QuotaGate } from '../../http/quota-gate.js';
import type { MetadataIndexPort } from '../../ledger/metadata-index-port.js';
import { ledgerMigrations } from '../../ledger/migrations/index.js';
import { lastExpand } from '../../postgres/migration.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { createMetadataIndexer, createUnavailableIndexer } from '../../tenancy/metadata-indexes.js';
import { createPoolMetrics } from '../../tenancy/pool-metrics.js';
import { createQuotas } from '../../tenancy/quotas.js';
import { createReplicaReads } from '../../tenancy/replica-reads.js';
import { createTenantResolver } from '../../tenancy/resolve-tenant.js';
import type { TenantLabels } from '../../tenancy/tenant-labels.js';
import type { TenantManager } from '../../tenancy/tenant-manager.js';
import { createTenantPools } from '../../tenancy/tenant-pools.js';
import type { Catalogues } from './catalogues.js';
import type { Check } from './operational-routes.js';
import type { Closers, Ground } from './part.js';
import { drainMs, openSingleStore } from './stores.js';

/** What the ledger's listener is built on. */
export interface RequestStores {
  readonly quotas?: QuotaGate;
  readonly tenants: TenantResolver<TenantContext>;
  readonly checks: Record<string, () => Promise<Check>>;
  readonly metadataIndexes: MetadataIndexPort;
}

/** Where requests find their books: by the token's tenant, or the one static context. */
export async function openRequestStores(
  ground: Ground,
  catalogues: Catalogues | undefined,
  manager: TenantManager | undefined,
  labels: TenantLabels,
  closers: Closers,
): Promise<RequestStores> {
  const { config, log, metrics } = ground;
  if (catalogues?.ledger) {
    const catalogue = catalogues.ledger;
    const { tenantPoolsMax: poolsMax, tenantConnectionsMax: connectionsMax, connectionBudget: budget } = config;
    const pools = createTenantPools({
      log,
      metrics: createPoolMetrics(metrics, labels),
      budget,
      poolsMax,
      connectionsMax,
    });
    closers.add(() => pools.close(drainMs));
    const replicas = createReplicaReads({ log, metrics, budget, poolsMax, connectionsMax });
    closers.add(() => replicas.close(drainMs));
    return {
      quotas: createQuotas({ catalogue, registry: metrics, labels }),
      tenants: createTenantResolver({
        catalogue,
        pools,
        replicas,
        schemaVersionMin: lastExpand(ledgerMigrations),
        contractVersionMax: ledgerMigrations.at(-1)?.id,
        metrics,
      }),
      // Tenants known so far are served for a while without it: degraded is still ready.
      checks: {
        control: async () =>
          catalogue.isFresh() ? { status: 'up' } : { status: 'degraded', reason: 'the change feed is silent' },
      },
      metadataIndexes: manager
        ? createMetadataIndexer({
            connect: ({ tenantId }) => manager.connectMigrator(tenantId as TenantId),
            refuseWhileMoving: ({ tenantId }) => manager.refuseWhileMoving(tenantId as TenantId),
            log,
          })
        : createUnavailableIndexer(),
    };
  }
  const single = await openSingleStore(ground, closers);
  return {
    tenants: { resolve: () => single.context },
    metadataIndexes: createMetadataIndexer({ connect: () => single.connectMigrator(), log }),
    checks: {
      database: async () => {
        await single.context.pool.pg.query('select 1');
        return { status: 'up' };
      },
    },
  };
}
