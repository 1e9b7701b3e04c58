import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeOperationRoute } from '../../storage/operation-routes.js';
import { withTenant } from '../../storage/with-tenant.js';
import { OperationRouteView, operationRouteExample, operationRouteView } from '../../views/operation-route.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { OperationRoutePatchBody, readAccount, readEntries } from './operation-route-body.js';

export const updateOperationRoute = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof OperationRoutePatchBody>({
    method: 'PATCH',
    url: `${ledgerPath}/operation-routes/:operation_route_id`,
    guard: may('operation-routes', 'patch'),
    operationId: 'updateOperationRoute',
    tag: 'Operation routes',
    summary: 'Change an operation route',
    description:
      'accountingEntries is merged scenario by scenario: null removes a scenario, null as a whole removes all; account null removes the rule. Other members left out or null stay as they are; operationType never changes.',
    body: OperationRoutePatchBody,
    requestExample: { accountingEntries: { direct: { debit: { code: '1002', description: 'Cash at bank' } } } },
    success: {
      status: 200,
      description: 'After the change.',
      schema: OperationRouteView,
      example: operationRouteExample,
    },
    errors: [
      'operation_route_not_found',
      'invalid_account_rule_type',
      'invalid_account_rule_value',
      'revert_only_bidirectional',
      'scenario_not_allowed_for_direction',
      'accounting_entry_field_required',
      'reserve_group_incomplete',
      'direct_scenario_required',
    ],
    handler: async ({ context, params, body }) => {
      const { account, accountingEntries, ...rest } = body;
      const [rule, entries] = [readAccount(account), readEntries(accountingEntries)];
      const given = {
        ...rest,
        ...(rule === undefined ? {} : { account: rule }),
        ...(entries === undefined ? {} : { accountingEntries: entries }),
      };
      const id = param(params, 'operation_route_id');
      const row = await withTenant(context, (tx) => changeOperationRoute(tx, deps, ledgerScope(params), id, given));
      return ok(operationRouteView(row));
    },
  });
