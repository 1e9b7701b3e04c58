import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteAccount as remove } from '../../storage/accounts.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const deleteAccount = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${ledgerPath}/accounts/:id`,
    guard: may('accounts', 'delete'),
    operationId: 'deleteAccount',
    tag: 'Accounts',
    summary: 'Delete an account',
    description: 'Soft, together with its balances, which must all be zero.',
    success: deletedSuccess,
    errors: ['entity_not_found', 'external_account_modification_prohibited', 'account_balance_deletion'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      await withTenant(context, (tx) => remove(tx, deps, ledgerScope(params), id));
      return noContent;
    },
  });
