import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getAccount = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts/:id`,
    guard: may('accounts', 'get'),
    operationId: 'getAccount',
    tag: 'Accounts',
    summary: 'Read an account',
    success: { status: 200, description: 'The account.', schema: AccountView, example: accountExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      const row = await readTenant(context, (tx) => getLive(tx, 'account', ledgerScope(params), id));
      return ok(accountView(row));
    },
  });
