import type { MigratorConnection } from '../../postgres/migrator-connection.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { connectMigrator } from '../../tenancy/connect-migrator.js';
import { listStores } from '../../tenancy/list-stores.js';
import { findTenant, type TenantStatus } from '../../tenancy/tenant-record.js';
import { CliError } from '../cli-error.js';
import type { Closers, Ground } from './part.js';
import { openFleet, openSingleStore, openTenantStore } from './stores.js';

export interface OpenBooks {
  readonly tenant: { readonly id: string; readonly slug?: string };
  /** With the rights of the owner of the tables. */
  readonly store: MigratorConnection;
  /** With the rights of requests. */
  readonly context: TenantContext;
  /** Single-tenant: nobody suspends. */
  readonly status: TenantStatus | 'single';
}

/**
 * The books of one tenant, or the only ones, for work from the command line; closed with the closers.
 * @throws CliError when no tenant of this id has books
 */
export async function openBooks(ground: Ground, closers: Closers, tenantId?: string): Promise<OpenBooks> {
  if (tenantId === undefined) {
    const single = await openSingleStore(ground, closers);
    const store = await single.connectMigrator();
    closers.add(() => store.client.end());
    return { tenant: { id: 'single' }, store, context: single.context, status: 'single' };
  }
  const fleet = await openFleet(ground, closers);
  for await (const found of listStores(fleet)) {
    if (found.tenantId !== tenantId) continue;
    const { context, close } = openTenantStore(found);
    closers.add(close);
    const store = await connectMigrator(fleet, found.tenantId);
    closers.add(() => store.client.end());
    const tenant = await findTenant(fleet.control.pool, found.tenantId);
    if (tenant === undefined) break;
    return { tenant: { id: tenantId, slug: tenant.slug }, store, status: tenant.status, context };
  }
  throw new CliError(`no tenant ${tenantId} has books here: see \`cofferdam tenants list\`.`);
}
