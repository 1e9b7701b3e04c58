import { readText } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals } from '../../storage/list-rows.js';
import { PortfolioView, portfolioExample, portfolioView } from '../../views/portfolio.js';
import { answerPage, listErrors, pageQuery, pageSuccess } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const listPortfolios = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/portfolios`,
    guard: may('portfolios', 'get'),
    operationId: 'listPortfolios',
    tag: 'Portfolios',
    summary: 'List the portfolios of a ledger',
    query: pageQuery({ entity_id: 'Exact.', status: 'Any status code, compared in upper case.' }),
    success: pageSuccess(PortfolioView, portfolioExample),
    errors: [...listErrors, 'no_portfolios_found'],
    handler: (call) =>
      answerPage(deps, call, {
        table: 'portfolio',
        scope: ledgerScope(call.params),
        filters: [
          ...equals('entity_id', readText(call.query, 'entity_id')),
          ...equals('status_code', readText(call.query, 'status')?.toUpperCase()),
        ],
        noneFound: 'no_portfolios_found',
        view: portfolioView,
      }),
  });
