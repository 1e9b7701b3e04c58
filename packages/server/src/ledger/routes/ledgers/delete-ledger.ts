import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteEntity, getLive } from '../../storage/entity-rows.js';
import { recordEvent } from '../../storage/record-event.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent, notInProduction } from '../shared/answers.js';
import { may, organizationPath, organizationScope, param } from '../shared/paths.js';

export const deleteLedger = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${organizationPath}/ledgers/:ledger_id`,
    guard: may('ledgers', 'delete'),
    operationId: 'deleteLedger',
    tag: 'Ledgers',
    summary: 'Delete a ledger',
    description:
      'Soft: the record stays in the store and is not found any more. What belongs to it stays as it is. Refused in production.',
    success: deletedSuccess,
    errors: ['entity_not_found', 'action_not_permitted'],
    handler: async ({ context, params }) => {
      if (deps.production) throw notInProduction('Ledger');
      const id = param(params, 'ledger_id');
      await withTenant(context, async (tx) => {
        await getLive(tx, 'ledger', organizationScope(params), id, 'update');
        await deleteEntity(tx, 'ledger', id, deps.now());
        await recordEvent(tx, 'ledger.deleted', id);
      });
      return noContent;
    },
  });
