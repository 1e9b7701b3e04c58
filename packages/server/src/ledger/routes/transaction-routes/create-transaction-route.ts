import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createTransactionRoute as create } from '../../storage/transaction-routes.js';
import { withTenant } from '../../storage/with-tenant.js';
import { TransactionRouteView, transactionRouteExample, transactionRouteView } from '../../views/transaction-route.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';
import { NewTransactionRouteBody, readMembers } from './transaction-route-body.js';

export const createTransactionRoute = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof NewTransactionRouteBody>({
    method: 'POST',
    url: `${ledgerPath}/transaction-routes`,
    guard: may('transaction-routes', 'post'),
    operationId: 'createTransactionRoute',
    tag: 'Transaction routes',
    summary: 'Create a transaction route',
    description: 'The set of operation routes that a transaction of this route must use, at least one on each side.',
    body: NewTransactionRouteBody,
    requestExample: {
      title: 'Deposit',
      operationRoutes: ['019c96a0-0a09-7000-8000-000000000009', '019c96a0-0a0b-7000-8000-00000000000b'],
    },
    success: {
      status: 201,
      description: 'The new transaction route.',
      schema: TransactionRouteView,
      example: transactionRouteExample,
    },
    errors: [
      'missing_operation_routes_in_request',
      'too_many_operation_routes',
      'organization_id_not_found',
      'ledger_id_not_found',
      'operation_route_not_found',
      'no_source_for_action',
      'no_destination_for_action',
    ],
    handler: async ({ context, params, body }) => {
      // A bidirectional route alone serves both sides; the minimum of two is one of changes (ledger-api §7.2).
      const given = { ...body, operationRoutes: readMembers(body.operationRoutes, 1) };
      return created(
        transactionRouteView(await withTenant(context, (tx) => create(tx, deps, ledgerScope(params), given))),
      );
    },
  });
