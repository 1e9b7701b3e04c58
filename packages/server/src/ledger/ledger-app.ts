import type { RouteDefinition } from '../http/route.js';
import type { TenantContext } from '../postgres/tenant-context.js';
import type { LedgerDeps } from './ledger-deps.js';
import { accountTypeRoutes } from './routes/account-types/index.js';
import { accountRoutes } from './routes/accounts/index.js';
import { assetRateRoutes } from './routes/asset-rates/index.js';
import { assetRoutes } from './routes/assets/index.js';
import { balanceRoutes } from './routes/balances/index.js';
import { holderRoutes } from './routes/holders/index.js';
import { instrumentRoutes } from './routes/instruments/index.js';
import { ledgerResourceRoutes } from './routes/ledgers/index.js';
import { metadataIndexRoutes } from './routes/metadata-indexes/index.js';
import { operationRouteRoutes } from './routes/operation-routes/index.js';
import { operationRoutes } from './routes/operations/index.js';
import { organizationRoutes } from './routes/organizations/index.js';
import { portfolioRoutes } from './routes/portfolios/index.js';
import { segmentRoutes } from './routes/segments/index.js';
import { transactionRouteRoutes } from './routes/transaction-routes/index.js';
import { transactionRoutes } from './routes/transactions/index.js';

export type { LedgerDeps } from './ledger-deps.js';

/** Every business route of the ledger's listener, resource by resource in the order of ledger-api §2. */
export function ledgerRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    ...organizationRoutes(deps),
    ...ledgerResourceRoutes(deps),
    ...assetRoutes(deps),
    ...assetRateRoutes(deps),
    ...portfolioRoutes(deps),
    ...segmentRoutes(deps),
    ...accountRoutes(deps),
    ...accountTypeRoutes(deps),
    ...balanceRoutes(deps),
    ...transactionRoutes(deps),
    ...operationRoutes(deps),
    ...operationRouteRoutes(deps),
    ...transactionRouteRoutes(deps),
    ...metadataIndexRoutes(deps),
    ...holderRoutes(deps),
    ...instrumentRoutes(deps),
  ];
}
