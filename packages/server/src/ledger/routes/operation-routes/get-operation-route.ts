import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { OperationRouteView, operationRouteExample, operationRouteView } from '../../views/operation-route.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getOperationRoute = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/operation-routes/:operation_route_id`,
    guard: may('operation-routes', 'get'),
    operationId: 'getOperationRoute',
    tag: 'Operation routes',
    summary: 'Read an operation route',
    success: {
      status: 200,
      description: 'The operation route.',
      schema: OperationRouteView,
      example: operationRouteExample,
    },
    errors: ['operation_route_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'operation_route_id');
      return ok(
        operationRouteView(await readTenant(context, (tx) => getLive(tx, 'operation_route', ledgerScope(params), id))),
      );
    },
  });
