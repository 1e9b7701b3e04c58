import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { PortfolioView, portfolioExample, portfolioView } from '../../views/portfolio.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getPortfolio = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/portfolios/:id`,
    guard: may('portfolios', 'get'),
    operationId: 'getPortfolio',
    tag: 'Portfolios',
    summary: 'Read a portfolio',
    success: { status: 200, description: 'The portfolio.', schema: PortfolioView, example: portfolioExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      const row = await readTenant(context, (tx) => getLive(tx, 'portfolio', ledgerScope(params), id));
      return ok(portfolioView(row));
    },
  });
