import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createHolder } from './create-holder.js';
import { createHolderAccount } from './create-holder-account.js';
import { deleteHolder } from './delete-holder.js';
import { getHolder } from './get-holder.js';
import { listHolderAccounts } from './list-holder-accounts.js';
import { listHolders } from './list-holders.js';
import { updateHolder } from './update-holder.js';

/** Rows 89–95 of ledger-api §2. */
export function holderRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createHolder(deps),
    listHolders(deps),
    getHolder(),
    updateHolder(deps),
    deleteHolder(deps),
    listHolderAccounts(deps),
    createHolderAccount(deps),
  ];
}
