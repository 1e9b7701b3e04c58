import { type CursorPage, readCursorPage } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { findOperationsOf, getTransaction as get } from '../../storage/find-transactions.js';
import type { OperationRow } from '../../storage/transaction-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { TransactionView, transactionExample, transactionView } from '../../views/transaction.js';
import { ok } from '../shared/answers.js';
import { cursorQuery } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getTransaction = ({ limits }: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/transactions/:transaction_id`,
    guard: may('transactions', 'get'),
    operationId: 'getTransaction',
    tag: 'Transactions',
    summary: 'Read a transaction',
    description: 'Its operations are paged by the list parameters: at most `limit` of them, 10 by default.',
    query: cursorQuery(),
    success: {
      status: 200,
      description: 'The transaction.',
      schema: TransactionView,
      headers: { 'X-Cache-Hit': 'Always false: what is answered comes from the database.' },
      example: transactionExample,
    },
    errors: ['entity_not_found', 'pagination_limit_exceeded', 'invalid_sort_order', 'invalid_query_parameter'],
    handler: async ({ context, params, query }) => {
      const id = param(params, 'transaction_id');
      const page = readCursorPage(query, { max: limits.pageLimitMax });
      const found = await readTenant(context, async (tx) => {
        const transaction = await get(tx, ledgerScope(params), id);
        return { transaction, operations: (await findOperationsOf(tx, [id])).get(id) ?? [] };
      });
      const answer = ok(transactionView(found, pageOf(found.operations, page)));
      return { ...answer, headers: { 'X-Cache-Hit': 'false' } };
    },
  });

/** The part of one transaction's operations that the list parameters ask for; they are few and already read. */
function pageOf(operations: readonly OperationRow[], { limit, cursor, sortOrder }: CursorPage): OperationRow[] {
  const ordered = sortOrder === 'asc' ? [...operations] : operations.toReversed();
  if (cursor === undefined) return ordered.slice(0, limit);
  const beyond = (row: OperationRow) => (sortOrder === 'asc' ? row.id > cursor.id : row.id < cursor.id);
  if (cursor.direction === 'next') return ordered.filter(beyond).slice(0, limit);
  return ordered.filter((row) => row.id !== cursor.id && !beyond(row)).slice(-limit);
}
