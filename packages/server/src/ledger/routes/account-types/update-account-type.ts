import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { MetadataPatch, Nullable, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeAccountType } from '../../storage/account-types.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AccountTypeView, accountTypeExample, accountTypeView } from '../../views/account-type.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { refuseEmpty } from './refuse-empty.js';

const Body = Type.Object(
  {
    name: Type.Optional(Nullable(Text(100))),
    description: Type.Optional(Nullable(Text(500))),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updateAccountType = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: `${ledgerPath}/account-types/:id`,
    guard: may('account-types', 'patch'),
    operationId: 'updateAccountType',
    tag: 'Account types',
    summary: 'Change an account type',
    description: 'Members left out or null stay as they are; keyValue never changes.',
    body: Body,
    requestExample: { description: 'What customers may withdraw at any time.' },
    success: { status: 200, description: 'After the change.', schema: AccountTypeView, example: accountTypeExample },
    errors: ['account_type_not_found'],
    handler: async ({ context, params, body }) => {
      refuseEmpty(body, ['name', 'description']);
      const id = param(params, 'id');
      const row = await withTenant(context, (tx) => changeAccountType(tx, deps, ledgerScope(params), id, body));
      return ok(accountTypeView(row));
    },
  });
