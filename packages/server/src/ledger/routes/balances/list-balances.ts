import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { BalanceView, balanceExample, balanceView } from '../../views/balance.js';
import { answerCursorPage, cursorQuery, cursorSuccess, listErrors } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const listBalances = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/balances`,
    guard: may('balances', 'get'),
    operationId: 'listBalances',
    tag: 'Balances',
    summary: 'List the balances of a ledger',
    query: cursorQuery(),
    success: cursorSuccess(BalanceView, balanceExample),
    errors: listErrors,
    handler: (call) =>
      answerCursorPage(deps, call, {
        table: 'balance',
        scope: ledgerScope(call.params),
        filters: [],
        noneFound: undefined,
        view: balanceView,
      }),
  });
