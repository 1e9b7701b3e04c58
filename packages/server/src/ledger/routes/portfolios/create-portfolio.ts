import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Metadata, Nullable, StatusInput, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createPortfolio as create } from '../../storage/portfolios.js';
import { withTenant } from '../../storage/with-tenant.js';
import { PortfolioView, portfolioExample, portfolioView } from '../../views/portfolio.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

const Body = Type.Object(
  {
    name: Text(256),
    entityId: Type.Optional(Nullable(Text(256))),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(Metadata()),
  },
  { additionalProperties: false },
);

export const createPortfolio = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/portfolios`,
    guard: may('portfolios', 'post'),
    operationId: 'createPortfolio',
    tag: 'Portfolios',
    summary: 'Create a portfolio',
    body: Body,
    requestExample: { name: 'Retail' },
    success: { status: 201, description: 'The new portfolio.', schema: PortfolioView, example: portfolioExample },
    errors: ['ledger_id_not_found'],
    handler: async ({ context, params, body }) =>
      created(portfolioView(await withTenant(context, (tx) => create(tx, deps, ledgerScope(params), body)))),
  });
