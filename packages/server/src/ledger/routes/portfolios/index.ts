import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { countPortfolios } from './count-portfolios.js';
import { createPortfolio } from './create-portfolio.js';
import { deletePortfolio } from './delete-portfolio.js';
import { getPortfolio } from './get-portfolio.js';
import { listPortfolios } from './list-portfolios.js';
import { updatePortfolio } from './update-portfolio.js';

export function portfolioRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createPortfolio(deps),
    listPortfolios(deps),
    getPortfolio(),
    updatePortfolio(deps),
    deletePortfolio(deps),
    countPortfolios(),
  ];
}
