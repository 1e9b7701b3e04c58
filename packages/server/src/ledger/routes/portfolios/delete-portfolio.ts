import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteEntity, getLive } from '../../storage/entity-rows.js';
import { recordEvent } from '../../storage/record-event.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const deletePortfolio = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${ledgerPath}/portfolios/:id`,
    guard: may('portfolios', 'delete'),
    operationId: 'deletePortfolio',
    tag: 'Portfolios',
    summary: 'Delete a portfolio',
    description: 'Soft: the record stays in the store and is not found any more. Accounts keep their link to it.',
    success: deletedSuccess,
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      await withTenant(context, async (tx) => {
        await getLive(tx, 'portfolio', ledgerScope(params), id, 'update');
        await deleteEntity(tx, 'portfolio', id, deps.now());
        await recordEvent(tx, 'portfolio.deleted', id);
      });
      return noContent;
    },
  });
