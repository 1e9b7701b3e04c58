import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Nullable, shownWords, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createAdditionalBalance } from '../../storage/balances.js';
import { withTenant } from '../../storage/with-tenant.js';
import { BalanceView, balanceExample, balanceView } from '../../views/balance.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { BalanceSettingsInput } from './balance-settings-input.js';

const Body = Type.Object(
  {
    key: Text(100, { pattern: '^\\S*$', 'x-message': 'cannot contain whitespaces' }),
    allowSending: Type.Optional(Type.Boolean()),
    allowReceiving: Type.Optional(Type.Boolean()),
    direction: Type.Optional(Type.String(shownWords(['credit', 'debit']))),
    settings: Type.Optional(Nullable(BalanceSettingsInput)),
  },
  { additionalProperties: false },
);

export const createBalance = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/accounts/:account_id/balances`,
    guard: may('balances', 'post'),
    operationId: 'createBalance',
    tag: 'Balances',
    summary: 'Create an additional balance of an account',
    description: 'Beside the default balance, under a key of its own; alias, asset and account type are the same.',
    body: Body,
    requestExample: { key: 'savings' },
    success: {
      status: 201,
      description: 'The new balance.',
      schema: BalanceView,
      example: { ...balanceExample, key: 'savings', available: '0', version: 0 },
    },
    errors: [
      'reserved_balance_key',
      'invalid_balance_direction',
      'invalid_balance_settings',
      'duplicated_alias_key_value',
      'entity_not_found',
      'additional_balance_creation_not_allowed',
    ],
    handler: async ({ context, params, body }) => {
      const accountId = param(params, 'account_id');
      const row = await withTenant(context, (tx) =>
        createAdditionalBalance(tx, deps, ledgerScope(params), accountId, body),
      );
      return created(balanceView(row));
    },
  });
