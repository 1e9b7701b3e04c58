import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { BalanceView, balanceExample, balanceView } from '../../views/balance.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getBalance = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/balances/:balance_id`,
    guard: may('balances', 'get'),
    operationId: 'getBalance',
    tag: 'Balances',
    summary: 'Read a balance',
    success: { status: 200, description: 'The balance.', schema: BalanceView, example: balanceExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'balance_id');
      const row = await readTenant(context, (tx) => getLive(tx, 'balance', ledgerScope(params), id));
      return ok(balanceView(row));
    },
  });
