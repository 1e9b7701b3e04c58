import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { countLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { counted, countedSuccess } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const countPortfolios = () =>
  defineRoute<TenantContext>({
    method: 'HEAD',
    url: `${ledgerPath}/portfolios/metrics/count`,
    guard: may('portfolios', 'head'),
    operationId: 'countPortfolios',
    tag: 'Portfolios',
    summary: 'Count portfolios',
    success: countedSuccess,
    errors: [],
    handler: async ({ context, params }) =>
      counted(await readTenant(context, (tx) => countLive(tx, 'portfolio', ledgerScope(params)))),
  });
