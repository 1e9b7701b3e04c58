import type { TenantRecord } from '../tenant-record.js';

/** A tenant as this API shows it. */
export function viewTenant(tenant: TenantRecord): Record<string, unknown> {
  return {
    id: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    status: tenant.status,
    ...(tenant.statusReason === null ? {} : { statusReason: tenant.statusReason }),
    isolation: tenant.isolation,
    metadata: tenant.metadata,
    ...(tenant.ownerEmail === null
      ? {}
      : { owner: { email: tenant.ownerEmail, clientId: tenant.loginClientId ?? '' } }),
    ...(tenant.applicationId === null
      ? {}
      : { application: { id: tenant.applicationId, clientId: tenant.applicationClientId } }),
    ...(tenant.purgeAfter === null ? {} : { purgeAfter: tenant.purgeAfter }),
    createdAt: tenant.createdAt,
    updatedAt: tenant.updatedAt,
    ...(tenant.deletedAt === null ? {} : { deletedAt: tenant.deletedAt }),
  };
}
