import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { MetadataPatch, Nullable, StatusInput, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changePortfolio } from '../../storage/portfolios.js';
import { withTenant } from '../../storage/with-tenant.js';
import { PortfolioView, portfolioExample, portfolioView } from '../../views/portfolio.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

const Body = Type.Object(
  {
    name: Type.Optional(Text(256)),
    entityId: Type.Optional(Nullable(Text(256))),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updatePortfolio = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: `${ledgerPath}/portfolios/:id`,
    guard: may('portfolios', 'patch'),
    operationId: 'updatePortfolio',
    tag: 'Portfolios',
    summary: 'Change a portfolio',
    description: 'Members left out, empty or null stay as they are.',
    body: Body,
    requestExample: { name: 'Retail customers', metadata: { region: 'east' } },
    success: { status: 200, description: 'After the change.', schema: PortfolioView, example: portfolioExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'id');
      const row = await withTenant(context, (tx) => changePortfolio(tx, deps, ledgerScope(params), id, body));
      return ok(portfolioView(row));
    },
  });
