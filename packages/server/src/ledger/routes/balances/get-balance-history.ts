import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { getBalanceAt } from '../../storage/balance-history.js';
import { readTenant } from '../../storage/with-tenant.js';
import { PastBalanceView, pastBalanceExample, pastBalanceView } from '../../views/past-balance.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { historyDateErrors, historyQuery, readHistoryDate } from './read-history-date.js';

export const getBalanceHistory = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/balances/:balance_id/history`,
    guard: may('balances', 'get'),
    operationId: 'getBalanceHistory',
    tag: 'Balances',
    summary: 'Read a balance as it was at a moment',
    query: historyQuery,
    success: {
      status: 200,
      description: 'What the last operation up to then left; zeros when there was none yet.',
      schema: PastBalanceView,
      example: pastBalanceExample,
    },
    errors: ['entity_not_found', ...historyDateErrors],
    handler: async ({ context, params, query }) => {
      const date = readHistoryDate(query, deps.now());
      const id = param(params, 'balance_id');
      return ok(pastBalanceView(await readTenant(context, (tx) => getBalanceAt(tx, ledgerScope(params), id, date))));
    },
  });
