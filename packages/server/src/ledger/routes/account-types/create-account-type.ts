import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { AllOf, Metadata, Nullable, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createAccountType as create } from '../../storage/account-types.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AccountTypeView, accountTypeExample, accountTypeView } from '../../views/account-type.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';
import { refuseEmpty } from './refuse-empty.js';

const Body = Type.Object(
  {
    name: Text(100),
    description: Type.Optional(Nullable(Text(500))),
    keyValue: AllOf(Text(50), [{ pattern: '^[a-zA-Z0-9_-]+$', 'x-error': 'invalid_characters' }]),
    metadata: Type.Optional(Metadata()),
  },
  { additionalProperties: false },
);

export const createAccountType = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/account-types`,
    guard: may('account-types', 'post'),
    operationId: 'createAccountType',
    tag: 'Account types',
    summary: 'Create an account type',
    description:
      'With the setting accounting.validateAccountType, accounts can only have a type whose keyValue is registered here.',
    body: Body,
    requestExample: { name: 'Deposit account', keyValue: 'deposit' },
    success: { status: 201, description: 'The new type.', schema: AccountTypeView, example: accountTypeExample },
    errors: [
      'invalid_characters',
      'organization_id_not_found',
      'ledger_id_not_found',
      'duplicate_account_type_key_value',
    ],
    handler: async ({ context, params, body }) => {
      refuseEmpty(body, ['description']);
      const row = await withTenant(context, (tx) => create(tx, deps, ledgerScope(params), body));
      return created(accountTypeView(row));
    },
  });
