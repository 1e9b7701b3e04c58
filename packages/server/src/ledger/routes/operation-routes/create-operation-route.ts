import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createOperationRoute as create } from '../../storage/operation-routes.js';
import { withTenant } from '../../storage/with-tenant.js';
import { OperationRouteView, operationRouteExample, operationRouteView } from '../../views/operation-route.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';
import { NewOperationRouteBody, readAccount, readNewEntries, readOperationType } from './operation-route-body.js';

export const createOperationRoute = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof NewOperationRouteBody>({
    method: 'POST',
    url: `${ledgerPath}/operation-routes`,
    guard: may('operation-routes', 'post'),
    operationId: 'createOperationRoute',
    tag: 'Operation routes',
    summary: 'Create an operation route',
    description:
      'One kind of line that transactions may have: its side, who may stand on it, and the rubrics of its operations.',
    body: NewOperationRouteBody,
    requestExample: {
      title: 'Cash in',
      operationType: 'source',
      account: { ruleType: 'account_type', validIf: ['deposit'] },
      accountingEntries: { direct: { debit: { code: '1001', description: 'Cash' } } },
    },
    success: {
      status: 201,
      description: 'The new operation route.',
      schema: OperationRouteView,
      example: operationRouteExample,
    },
    errors: [
      'invalid_operation_route_type',
      'invalid_account_rule_type',
      'invalid_account_rule_value',
      'revert_only_bidirectional',
      'scenario_not_allowed_for_direction',
      'accounting_entry_field_required',
      'reserve_group_incomplete',
      'direct_scenario_required',
      'organization_id_not_found',
      'ledger_id_not_found',
    ],
    handler: async ({ context, params, body }) => {
      const { account, accountingEntries, ...rest } = body;
      const given = {
        ...rest,
        operationType: readOperationType(body.operationType),
        account: readAccount(account) ?? null,
        accountingEntries: readNewEntries(accountingEntries),
      };
      const row = await withTenant(context, (tx) => create(tx, deps, ledgerScope(params), given));
      return created(operationRouteView(row));
    },
  });
