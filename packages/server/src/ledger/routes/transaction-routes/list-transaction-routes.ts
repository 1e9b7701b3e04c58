import { readCursorPage, readDateRange, readMetadataFilter } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { listByCursor } from '../../storage/list-rows.js';
import { findMembersOf } from '../../storage/transaction-routes.js';
import { readTenant } from '../../storage/with-tenant.js';
import { TransactionRouteView, transactionRouteExample, transactionRouteView } from '../../views/transaction-route.js';
import { cursorAnswer } from '../shared/cursor-answer.js';
import { cursorQuery, cursorSuccess, listErrors, metadataQuery } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const listTransactionRoutes = ({ limits }: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/transaction-routes`,
    guard: may('transaction-routes', 'get'),
    operationId: 'listTransactionRoutes',
    tag: 'Transaction routes',
    summary: 'List the transaction routes of a ledger',
    query: cursorQuery(metadataQuery),
    success: cursorSuccess(TransactionRouteView, transactionRouteExample),
    errors: [...listErrors, 'no_transaction_routes_found'],
    handler: async ({ context, params, query }) => {
      const { limit, cursor, sortOrder } = readCursorPage(query, { max: limits.pageLimitMax });
      const metadata = readMetadataFilter(query);
      const request = {
        table: 'transaction_route' as const,
        scope: ledgerScope(params),
        filters: [],
        created: readDateRange(query),
        metadata: metadata && { ...metadata, noneFound: 'no_transaction_routes_found' as const },
        limit,
        cursor,
        sortOrder,
      };
      const found = await readTenant(context, async (tx) => {
        const page = await listByCursor(tx, request);
        const members = await findMembersOf(
          tx,
          page.rows.map(({ id }) => id),
        );
        return { ...page, rows: page.rows.map((route) => ({ route, members: members.get(route.id) ?? [] })) };
      });
      return cursorAnswer(found, limit, transactionRouteView);
    },
  });
