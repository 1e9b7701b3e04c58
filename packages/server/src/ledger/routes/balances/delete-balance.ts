import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteBalance as remove } from '../../storage/balances.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const deleteBalance = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${ledgerPath}/balances/:balance_id`,
    guard: may('balances', 'delete'),
    operationId: 'deleteBalance',
    tag: 'Balances',
    summary: 'Delete a balance',
    description: 'Soft. The balance must be zero; the default balance can be deleted too.',
    success: deletedSuccess,
    errors: ['entity_not_found', 'deletion_of_internal_balance', 'balance_cannot_be_deleted'],
    handler: async ({ context, params }) => {
      const id = param(params, 'balance_id');
      await withTenant(context, (tx) => remove(tx, deps, ledgerScope(params), id));
      return noContent;
    },
  });
