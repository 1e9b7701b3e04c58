import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeTransactionRoute } from '../../storage/transaction-routes.js';
import { withTenant } from '../../storage/with-tenant.js';
import { TransactionRouteView, transactionRouteExample, transactionRouteView } from '../../views/transaction-route.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { readMembers, TransactionRoutePatchBody } from './transaction-route-body.js';

export const updateTransactionRoute = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof TransactionRoutePatchBody>({
    method: 'PATCH',
    url: `${ledgerPath}/transaction-routes/:transaction_route_id`,
    guard: may('transaction-routes', 'patch'),
    operationId: 'updateTransactionRoute',
    tag: 'Transaction routes',
    summary: 'Change a transaction route',
    description:
      'operationRoutes replaces the whole set, of at least two. Other members left out or null stay as they are.',
    body: TransactionRoutePatchBody,
    requestExample: { title: 'Deposit in cash' },
    success: {
      status: 200,
      description: 'After the change.',
      schema: TransactionRouteView,
      example: transactionRouteExample,
    },
    errors: [
      'missing_operation_routes_in_request',
      'too_many_operation_routes',
      'transaction_route_not_found',
      'operation_route_not_found',
      'no_source_for_action',
      'no_destination_for_action',
    ],
    handler: async ({ context, params, body }) => {
      const { operationRoutes, ...rest } = body;
      const members = operationRoutes && readMembers(operationRoutes, 2);
      const given = { ...rest, ...(members === undefined ? {} : { operationRoutes: members }) };
      const id = param(params, 'transaction_route_id');
      const found = await withTenant(context, (tx) => changeTransactionRoute(tx, deps, ledgerScope(params), id, given));
      return ok(transactionRouteView(found));
    },
  });
