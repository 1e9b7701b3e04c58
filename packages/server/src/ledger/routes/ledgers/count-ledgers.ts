import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { countLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { counted, countedSuccess } from '../shared/answers.js';
import { may, organizationPath, organizationScope } from '../shared/paths.js';

export const countLedgers = () =>
  defineRoute<TenantContext>({
    method: 'HEAD',
    url: `${organizationPath}/ledgers/metrics/count`,
    guard: may('ledgers', 'head'),
    operationId: 'countLedgers',
    tag: 'Ledgers',
    summary: 'Count ledgers',
    success: countedSuccess,
    errors: [],
    handler: async ({ context, params }) =>
      counted(await readTenant(context, (tx) => countLive(tx, 'ledger', organizationScope(params)))),
  });
