import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Nullable } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeBalance } from '../../storage/balances.js';
import { withTenant } from '../../storage/with-tenant.js';
import { BalanceView, balanceExample, balanceView } from '../../views/balance.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { BalanceSettingsInput } from './balance-settings-input.js';

const Body = Type.Object(
  {
    allowSending: Type.Optional(Type.Boolean()),
    allowReceiving: Type.Optional(Type.Boolean()),
    settings: Type.Optional(Nullable(BalanceSettingsInput)),
  },
  { additionalProperties: false },
);

export const updateBalance = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: `${ledgerPath}/balances/:balance_id`,
    guard: may('balances', 'patch'),
    operationId: 'updateBalance',
    tag: 'Balances',
    summary: 'Change what a balance allows',
    description:
      'Settings are replaced as a whole. The first time overdraft is allowed, the account gets a balance "overdraft" kept by the system.',
    body: Body,
    requestExample: { allowSending: true, allowReceiving: false },
    success: { status: 200, description: 'After the change.', schema: BalanceView, example: balanceExample },
    errors: [
      'entity_not_found',
      'update_of_internal_balance',
      'invalid_balance_settings',
      'overdraft_limit_below_usage',
    ],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'balance_id');
      const row = await withTenant(context, (tx) => changeBalance(tx, deps, ledgerScope(params), id, body));
      return ok(balanceView(row));
    },
  });
