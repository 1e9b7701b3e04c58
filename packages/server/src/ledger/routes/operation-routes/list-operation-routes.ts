import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { OperationRouteView, operationRouteExample, operationRouteView } from '../../views/operation-route.js';
import { answerCursorPage, cursorQuery, cursorSuccess, listErrors, metadataQuery } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const listOperationRoutes = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/operation-routes`,
    guard: may('operation-routes', 'get'),
    operationId: 'listOperationRoutes',
    tag: 'Operation routes',
    summary: 'List the operation routes of a ledger',
    query: cursorQuery(metadataQuery),
    success: cursorSuccess(OperationRouteView, operationRouteExample),
    errors: [...listErrors, 'no_operation_routes_found'],
    handler: (call) =>
      answerCursorPage(deps, call, {
        table: 'operation_route',
        scope: ledgerScope(call.params),
        filters: [],
        noneFound: 'no_operation_routes_found',
        view: operationRouteView,
      }),
  });
