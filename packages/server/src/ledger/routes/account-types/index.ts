import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createAccountType } from './create-account-type.js';
import { deleteAccountType } from './delete-account-type.js';
import { getAccountType } from './get-account-type.js';
import { listAccountTypes } from './list-account-types.js';
import { updateAccountType } from './update-account-type.js';

/** Rows 44–48 of ledger-api §2. */
export function accountTypeRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createAccountType(deps),
    listAccountTypes(deps),
    getAccountType(),
    updateAccountType(deps),
    deleteAccountType(deps),
  ];
}
