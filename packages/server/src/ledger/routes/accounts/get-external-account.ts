import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getAccountByAlias } from '../../storage/accounts.js';
import { externalAlias } from '../../storage/external-accounts.js';
import { readTenant } from '../../storage/with-tenant.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getExternalAccount = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts/external/:code`,
    textParams: ['code'],
    guard: may('accounts', 'get'),
    operationId: 'getExternalAccount',
    tag: 'Accounts',
    summary: 'Read the external account of an asset',
    success: {
      status: 200,
      description: 'The account @external/CODE.',
      schema: AccountView,
      example: { ...accountExample, name: 'External USD', alias: '@external/USD', type: 'external' },
    },
    errors: ['account_alias_not_found'],
    handler: async ({ context, params }) => {
      const alias = externalAlias(param(params, 'code'));
      return ok(accountView(await readTenant(context, (tx) => getAccountByAlias(tx, ledgerScope(params), alias))));
    },
  });
