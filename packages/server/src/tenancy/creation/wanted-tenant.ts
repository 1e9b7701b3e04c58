import type pg from 'pg';
import type { Isolation } from '../physical-names.js';
import { findTenantBySlug, type TenantRecord } from '../tenant-record.js';
import type { NewTenant } from './new-tenant.js';
import { markedSlug, slugOf } from './tenant-slug.js';

/** What a request comes to: two that come to the same are one. */
export interface WantedTenant {
  readonly slug: string;
  readonly name: string;
  readonly email: string;
  readonly isolation: Isolation;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export function wantedTenant(request: NewTenant, defaultIsolation: Isolation): WantedTenant {
  return {
    slug: request.slug ?? slugOf(request.name),
    name: request.name,
    email: request.owner.email.trim().toLowerCase(),
    isolation: request.database !== undefined || request.adopt ? 'database' : (request.isolation ?? defaultIsolation),
    metadata: request.metadata ?? {},
  };
}

/**
 * The slug asked for; without one, a slug out of the name, or, where another tenant of that name has it, one that adds a
 * mark of the owner: the same request always comes to the same slug.
 */
export async function chooseSlug(
  pool: pg.Pool,
  request: NewTenant,
  wanted: WantedTenant,
): Promise<{ readonly wanted: WantedTenant; readonly earlier: TenantRecord | undefined }> {
  const earlier = await findTenantBySlug(pool, wanted.slug);
  if (earlier === undefined || request.slug !== undefined || isSame(earlier, wanted)) return { wanted, earlier };
  const slug = markedSlug(wanted.slug, [wanted.email, wanted.isolation, wanted.name]);
  return { wanted: { ...wanted, slug }, earlier: await findTenantBySlug(pool, slug) };
}

export function isSame(found: TenantRecord, wanted: WantedTenant): boolean {
  return (
    found.name === wanted.name &&
    found.ownerEmail === wanted.email &&
    found.isolation === wanted.isolation &&
    found.status !== 'deleting'
  );
}
