import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { countOrganizations } from './count-organizations.js';
import { createOrganization } from './create-organization.js';
import { deleteOrganization } from './delete-organization.js';
import { getOrganization } from './get-organization.js';
import { listOrganizations } from './list-organizations.js';
import { updateOrganization } from './update-organization.js';

export function organizationRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createOrganization(deps),
    listOrganizations(deps),
    getOrganization(),
    updateOrganization(deps),
    deleteOrganization(deps),
    countOrganizations(),
  ];
}
