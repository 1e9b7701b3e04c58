import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { listAccountBalancesAt } from '../../storage/balance-history.js';
import { readTenant } from '../../storage/with-tenant.js';
import { PastBalanceView, pastBalanceExample, pastBalanceView } from '../../views/past-balance.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { historyDateErrors, historyQuery, readHistoryDate } from './read-history-date.js';

export const listAccountBalanceHistory = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts/:account_id/balances/history`,
    guard: may('balances', 'get'),
    operationId: 'listAccountBalanceHistory',
    tag: 'Balances',
    summary: 'Read the balances of an account as they were at a moment',
    query: historyQuery,
    success: {
      status: 200,
      description: 'A bare array: every live balance that existed then.',
      schema: Type.Array(PastBalanceView),
      example: [pastBalanceExample],
    },
    errors: historyDateErrors,
    handler: async ({ context, params, query }) => {
      const date = readHistoryDate(query, deps.now());
      const accountId = param(params, 'account_id');
      const rows = await readTenant(context, (tx) => listAccountBalancesAt(tx, ledgerScope(params), accountId, date));
      return ok(rows.map(pastBalanceView));
    },
  });
