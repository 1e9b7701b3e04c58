import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { LedgerView, ledgerExample, ledgerView } from '../../views/ledger.js';
import { ok } from '../shared/answers.js';
import { may, organizationPath, organizationScope, param } from '../shared/paths.js';

export const getLedger = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${organizationPath}/ledgers/:ledger_id`,
    guard: may('ledgers', 'get'),
    operationId: 'getLedger',
    tag: 'Ledgers',
    summary: 'Read a ledger',
    success: { status: 200, description: 'The ledger.', schema: LedgerView, example: ledgerExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'ledger_id');
      const row = await readTenant(context, (tx) => getLive(tx, 'ledger', organizationScope(params), id));
      return ok(ledgerView(row));
    },
  });
