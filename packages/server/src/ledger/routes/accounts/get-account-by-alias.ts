import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getAccountByAlias as get } from '../../storage/accounts.js';
import { readTenant } from '../../storage/with-tenant.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getAccountByAlias = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts/alias/:alias`,
    textParams: ['alias'],
    guard: may('accounts', 'get'),
    operationId: 'getAccountByAlias',
    tag: 'Accounts',
    summary: 'Read an account by its alias',
    description: '`@alice` and `%40alice` are the same alias.',
    success: { status: 200, description: 'The account.', schema: AccountView, example: accountExample },
    errors: ['account_alias_not_found'],
    handler: async ({ context, params }) => {
      const alias = param(params, 'alias');
      return ok(accountView(await readTenant(context, (tx) => get(tx, ledgerScope(params), alias))));
    },
  });
