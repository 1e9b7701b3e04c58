import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteEntity, getLive } from '../../storage/entity-rows.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const deleteAccountType = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${ledgerPath}/account-types/:id`,
    guard: may('account-types', 'delete'),
    operationId: 'deleteAccountType',
    tag: 'Account types',
    summary: 'Delete an account type',
    description: 'Soft. Accounts that have the type keep it.',
    success: deletedSuccess,
    errors: ['account_type_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      await withTenant(context, async (tx) => {
        await getLive(tx, 'account_type', ledgerScope(params), id, 'update');
        await deleteEntity(tx, 'account_type', id, deps.now());
      });
      return noContent;
    },
  });
