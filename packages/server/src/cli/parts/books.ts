import { createHmac } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import type { MigratorConnection } from '../../postgres/migrator-connection.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { connectMigrator } from '../../tenancy/connect-migrator.js';
import { keepInPlace } from '../../tenancy/keep-in-place.js';
import { listStores } from '../../tenancy/list-stores.js';
import { TenancyError } from '../../tenancy/tenancy-error.js';
import { findTenant, type TenantStatus } from '../../tenancy/tenant-record.js';
import { CliError } from '../cli-error.js';
import type { Closers, Ground } from './part.js';
import { type Fleet, openFleet, openSingleStore, openTenantStore } from './stores.js';

export interface OpenBooks {
  readonly tenant: { readonly id: string; readonly slug?: string };
  /** With the rights of the owner of the tables. */
  readonly store: MigratorConnection;
  /** With the rights of requests. */
  readonly context: TenantContext;
  /** Single-tenant: nobody suspends. */
  readonly status: TenantStatus | 'single';
}

/** To be read, or also written by whoever opens them. */
export type BooksUse = 'read' | 'write';

/**
 * The books of one tenant, or the only ones, for work from the command line; closed with the closers. While they are open for
 * writing nobody moves, migrates or purges the tenant: what is written into a place that is being left would be lost.
 * @throws CliError when no tenant of this id has books, or they are being worked at
 */
export async function openBooks(
  ground: Ground,
  closers: Closers,
  tenantId: string | undefined,
  use: BooksUse,
): Promise<OpenBooks> {
  if (tenantId === undefined) {
    const single = await openSingleStore(ground, closers);
    const store = await single.connectMigrator();
    closers.add(() => store.client.end());
    return { tenant: { id: onlyTenantOf(ground.secrets) }, store, context: single.context, status: 'single' };
  }
  const fleet = await openFleet(ground, closers);
  const id = canonicalTenantId(tenantId);
  if (use === 'write' && id !== undefined) await stay(fleet, closers, id);
  for await (const found of listStores(fleet)) {
    if (found.tenantId !== id) continue;
    const { context, close } = openTenantStore(found);
    closers.add(close);
    const store = await connectMigrator(fleet, found.tenantId);
    closers.add(() => store.client.end());
    const tenant = await findTenant(fleet.control.pool, found.tenantId);
    if (tenant === undefined) break;
    return { tenant: { id: found.tenantId, slug: tenant.slug }, store, status: tenant.status, context };
  }
  throw new CliError(`no tenant ${tenantId} has books here: see \`cofferdam tenants list\`.`);
}

/** Two single-tenant installations are two tenants. It follows from the key that is kept apart, so it outlives server and disk. */
function onlyTenantOf({ encryptionKey }: Ground['secrets']): string {
  const digest = createHmac('sha256', encryptionKey).update('whose books these are').digest('hex');
  return `single-${digest.slice(0, 16)}`;
}

const patienceMs = 10_000;

async function stay({ control }: Fleet, closers: Closers, tenantId: TenantId): Promise<void> {
  const place = await keepInPlace(control, tenantId, patienceMs).catch((error: Error) => {
    throw error instanceof TenancyError ? new CliError(error.message) : error;
  });
  closers.add(() => place.release());
}
