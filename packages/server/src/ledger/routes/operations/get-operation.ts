import { type Call, defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getOperation as get } from '../../storage/find-operations.js';
import { readTenant } from '../../storage/with-tenant.js';
import { OperationView, operationExample, operationView } from '../../views/operation.js';
import { ok } from '../shared/answers.js';
import { ledgerScope, may, param } from '../shared/paths.js';
import { type Family, familyNote, ledgerPathOf, operationIdOf } from './path-family.js';

export const getOperation = (family: Family) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPathOf(family)}/accounts/:account_id/operations/:operation_id`,
    guard: may('operations', 'get'),
    operationId: operationIdOf('getOperation', family),
    tag: 'Operations',
    summary: 'Read an operation',
    description: `One debit or credit line of an account.${familyNote(family)}`,
    success: { status: 200, description: 'The operation.', schema: OperationView, example: operationExample },
    errors: ['entity_not_found'],
    handler: (call) => answerOneOperation(call, param(call.params, 'operation_id'), undefined),
  });

/** Throws `entity_not_found` when the account of the path has no such operation. */
export async function answerOneOperation(
  { context, params }: Pick<Call<unknown, TenantContext>, 'context' | 'params'>,
  id: string,
  transactionId: string | undefined,
) {
  const where = {
    id,
    account_id: param(params, 'account_id'),
    ...(transactionId === undefined ? {} : { transaction_id: transactionId }),
  };
  return ok(operationView(await readTenant(context, (tx) => get(tx, ledgerScope(params), where))));
}
