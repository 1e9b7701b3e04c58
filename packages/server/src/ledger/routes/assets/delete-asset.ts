import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteAsset as remove } from '../../storage/assets.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const deleteAsset = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${ledgerPath}/assets/:id`,
    guard: may('assets', 'delete'),
    operationId: 'deleteAsset',
    tag: 'Assets',
    summary: 'Delete an asset',
    description: 'Soft, together with its external account. Balances stay as they are.',
    success: deletedSuccess,
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      await withTenant(context, (tx) => remove(tx, deps, ledgerScope(params), id));
      return noContent;
    },
  });
