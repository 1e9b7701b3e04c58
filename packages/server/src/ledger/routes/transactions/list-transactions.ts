import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { findOperationsOf } from '../../storage/find-transactions.js';
import { listByCursor } from '../../storage/list-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { TransactionView, transactionExample, transactionView } from '../../views/transaction.js';
import { cursorAnswer } from '../shared/cursor-answer.js';
import { cursorQuery, cursorSuccess, listErrors, metadataQuery } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';
import { readPostingList } from '../shared/posting-lists.js';

export const listTransactions = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/transactions`,
    guard: may('transactions', 'get'),
    operationId: 'listTransactions',
    tag: 'Transactions',
    summary: 'List transactions',
    description: 'With all their operations. Without dates: the last months up to today, as the server is configured.',
    query: cursorQuery(metadataQuery),
    success: cursorSuccess(TransactionView, transactionExample),
    errors: [...listErrors, 'no_transactions_found'],
    handler: async ({ context, params, query }) => {
      const list = readPostingList(deps, query, 'no_transactions_found');
      const request = { ...list, table: 'transaction' as const, scope: ledgerScope(params), filters: [] };
      const { page, operations } = await readTenant(context, async (tx) => {
        const page = await listByCursor(tx, request);
        return {
          page,
          operations: await findOperationsOf(
            tx,
            page.rows.map((row) => row.id),
          ),
        };
      });
      return cursorAnswer(page, list.limit, (transaction) =>
        transactionView({ transaction, operations: operations.get(transaction.id) ?? [] }),
      );
    },
  });
