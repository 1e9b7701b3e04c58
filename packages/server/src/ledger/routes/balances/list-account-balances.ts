import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { BalanceView, balanceExample, balanceView } from '../../views/balance.js';
import { answerCursorPage, cursorQuery, cursorSuccess, listErrors } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const listAccountBalances = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts/:account_id/balances`,
    guard: may('balances', 'get'),
    operationId: 'listAccountBalances',
    tag: 'Balances',
    summary: 'List the balances of an account',
    description: 'An unknown account has none.',
    query: cursorQuery(),
    success: cursorSuccess(BalanceView, balanceExample),
    errors: listErrors,
    handler: (call) =>
      answerCursorPage(deps, call, {
        table: 'balance',
        scope: { ...ledgerScope(call.params), account_id: param(call.params, 'account_id') },
        filters: [],
        noneFound: undefined,
        view: balanceView,
      }),
  });
