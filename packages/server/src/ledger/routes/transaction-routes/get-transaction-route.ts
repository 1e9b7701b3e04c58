import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { findMembersOf } from '../../storage/transaction-routes.js';
import { readTenant } from '../../storage/with-tenant.js';
import { TransactionRouteView, transactionRouteExample, transactionRouteView } from '../../views/transaction-route.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getTransactionRoute = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/transaction-routes/:transaction_route_id`,
    guard: may('transaction-routes', 'get'),
    operationId: 'getTransactionRoute',
    tag: 'Transaction routes',
    summary: 'Read a transaction route',
    success: {
      status: 200,
      description: 'The transaction route.',
      schema: TransactionRouteView,
      example: transactionRouteExample,
    },
    errors: ['transaction_route_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'transaction_route_id');
      const found = await readTenant(context, async (tx) => {
        const route = await getLive(tx, 'transaction_route', ledgerScope(params), id);
        return { route, members: (await findMembersOf(tx, [id])).get(id) ?? [] };
      });
      return ok(transactionRouteView(found));
    },
  });
