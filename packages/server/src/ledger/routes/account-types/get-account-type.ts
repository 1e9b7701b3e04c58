import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { AccountTypeView, accountTypeExample, accountTypeView } from '../../views/account-type.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getAccountType = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/account-types/:id`,
    guard: may('account-types', 'get'),
    operationId: 'getAccountType',
    tag: 'Account types',
    summary: 'Read an account type',
    success: { status: 200, description: 'The type.', schema: AccountTypeView, example: accountTypeExample },
    errors: ['account_type_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      return ok(
        accountTypeView(await readTenant(context, (tx) => getLive(tx, 'account_type', ledgerScope(params), id))),
      );
    },
  });
