import type { TenantId } from '@cofferdam/core';
import type { Permission, PermissionSource, Principal } from '../../http/principal.js';
import type { SubjectRoles } from '../directory/subject-roles.js';
import { singleTenantId } from '../reserved-tenants.js';
import { decide } from './decide.js';
import type { Subjects } from './subjects.js';

/**
 * Whose directory a verified token speaks of. A token with a tenant in single-tenant mode, or without one in
 * multi-tenant mode, was made by this installation in its other mode: it opens nothing here.
 */
export function directoryOf(principal: Principal, multiTenant: boolean): TenantId | undefined {
  if (multiTenant) return principal.tenantId;
  return principal.tenantId === undefined ? singleTenantId : undefined;
}

/** The decisions of the ledger when it runs in one process with the Access Manager; product `midaz`. */
export function createLocalPermissionSource(subjects: Subjects, options: { multiTenant: boolean }): PermissionSource {
  return Object.freeze({
    isAllowed(principal: Principal, { resource, action }: Permission) {
      const tenantId = directoryOf(principal, options.multiTenant);
      if (tenantId === undefined) return false;
      const judge = (known: SubjectRoles | undefined) =>
        known !== undefined && decide(known.roles, { product: 'midaz', resource, action });
      const known = subjects.rolesOf(tenantId, principal);
      return known instanceof Promise ? known.then(judge) : judge(known);
    },
  });
}
