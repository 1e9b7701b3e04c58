import { ConfigError } from '../../config.js';
import { ledgerMigrations } from '../../ledger/migrations/index.js';
import { type ConnectionSettings, parseDatabaseUrl } from '../../postgres/connection-settings.js';
import { createCatalogueMetrics } from '../../tenancy/catalogue-metrics.js';
import type { Catalogue } from '../../tenancy/catalogue-reader.js';
import { createVault } from '../../tenancy/credentials.js';
import type { PreparedServer } from '../../tenancy/prepare-server.js';
import {
  createAccessCatalogue,
  createLedgerCatalogue,
  type DirectoryTenant,
  type TenantConfig,
} from '../../tenancy/tenant-config.js';
import type { Closers, Ground } from './part.js';
import { prepareFleet } from './stores.js';

/** Multi-tenant: how this process learns of tenants. The tenants part prepares the server; the others read through views. */
export interface Catalogues {
  /** With an administrative login only. */
  readonly prepared: PreparedServer | undefined;
  readonly ledger: Catalogue<TenantConfig> | undefined;
  readonly access: Catalogue<DirectoryTenant> | undefined;
}

export async function openCatalogues(ground: Ground, closers: Closers): Promise<Catalogues> {
  const { config, secrets, log, admin } = ground;
  const prepared = admin && (await prepareFleet(ground));
  const readerOf = (own: ConnectionSettings | undefined): ConnectionSettings => {
    const url = config.controlDatabaseUrl;
    if (url !== undefined) return parseDatabaseUrl(url);
    if (own !== undefined) return own;
    throw new ConfigError(
      'CONTROL_DATABASE_URL is missing: a process without DATABASE_URL learns of tenants through it. The tenants part writes it into its data folder (database-urls.env).',
    );
  };
  const started = async <T extends Catalogue<never> | Catalogue<TenantConfig> | Catalogue<DirectoryTenant>>(
    catalogue: T,
  ): Promise<T> => {
    closers.add(() => catalogue.stop());
    await catalogue.start();
    return catalogue;
  };
  return {
    prepared,
    ledger: config.parts.has('ledger')
      ? await started(
          createLedgerCatalogue({
            settings: readerOf(prepared?.ledgerReader),
            log,
            build: ledgerMigrations.at(-1)?.id,
            processId: process.pid,
            poolers: config.tenantPoolers,
            metrics: createCatalogueMetrics(ground.metrics),
            vault: createVault([secrets.encryptionKey]),
          }),
        )
      : undefined,
    access: config.parts.has('access')
      ? await started(createAccessCatalogue({ settings: readerOf(prepared?.accessReader), log }))
      : undefined,
  };
}
