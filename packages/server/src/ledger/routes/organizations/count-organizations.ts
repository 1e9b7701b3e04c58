import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { countLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { counted, countedSuccess } from '../shared/answers.js';
import { may } from '../shared/paths.js';

export const countOrganizations = () =>
  defineRoute<TenantContext>({
    method: 'HEAD',
    url: '/v1/organizations/metrics/count',
    guard: may('organizations', 'head'),
    operationId: 'countOrganizations',
    tag: 'Organizations',
    summary: 'Count organizations',
    success: countedSuccess,
    errors: [],
    handler: async ({ context }) => counted(await readTenant(context, (tx) => countLive(tx, 'organization', {}))),
  });
