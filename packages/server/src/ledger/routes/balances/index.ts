import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createBalance } from './create-balance.js';
import { deleteBalance } from './delete-balance.js';
import { getBalance } from './get-balance.js';
import { getBalanceHistory } from './get-balance-history.js';
import { listAccountBalanceHistory } from './list-account-balance-history.js';
import { listAccountBalances } from './list-account-balances.js';
import { listAliasBalances, listExternalBalances } from './list-alias-balances.js';
import { listBalances } from './list-balances.js';
import { updateBalance } from './update-balance.js';

export function balanceRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    listBalances(deps),
    getBalance(),
    updateBalance(deps),
    deleteBalance(deps),
    getBalanceHistory(deps),
    listAccountBalances(deps),
    createBalance(deps),
    listAccountBalanceHistory(deps),
    listAliasBalances(),
    listExternalBalances(),
  ];
}
