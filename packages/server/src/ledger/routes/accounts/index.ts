import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { countAccounts } from './count-accounts.js';
import { createAccount } from './create-account.js';
import { deleteAccount } from './delete-account.js';
import { getAccount } from './get-account.js';
import { getAccountByAlias } from './get-account-by-alias.js';
import { getExternalAccount } from './get-external-account.js';
import { listAccounts } from './list-accounts.js';
import { updateAccount } from './update-account.js';

export function accountRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createAccount(deps),
    listAccounts(deps),
    getAccount(),
    getAccountByAlias(),
    getExternalAccount(),
    updateAccount(deps),
    deleteAccount(deps),
    countAccounts(),
  ];
}
