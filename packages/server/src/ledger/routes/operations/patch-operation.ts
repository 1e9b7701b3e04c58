import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { patchOperation as patch } from '../../posting/patch-texts.js';
import { getOperation } from '../../storage/find-operations.js';
import { withTenant } from '../../storage/with-tenant.js';
import { OperationView, operationExample, operationView } from '../../views/operation.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { TextPatchBody } from '../shared/text-patch-body.js';
import { familyNote, ledgerPathOf, operationIdOf } from './path-family.js';

const common = {
  method: 'PATCH',
  guard: may('operations', 'patch'),
  tag: 'Operations',
  summary: "Change an operation's description or metadata",
  body: TextPatchBody,
  requestExample: { metadata: { reviewed: true } },
  success: { status: 200, description: 'The operation.', schema: OperationView, example: operationExample },
  errors: ['entity_not_found'],
} as const;

export const patchOperation = ({ now }: LedgerDeps) =>
  defineRoute<TenantContext, typeof TextPatchBody>({
    ...common,
    url: `${ledgerPath}/transactions/:transaction_id/operations/:operation_id`,
    operationId: 'patchOperation',
    description: 'Metadata is merged; nothing that was posted can be changed.',
    handler: async ({ context, params, body }) => {
      const where = { id: param(params, 'operation_id'), transactionId: param(params, 'transaction_id') };
      return ok(operationView(await withTenant(context, (tx) => patch(tx, ledgerScope(params), where, body, now()))));
    },
  });

/** Older clients name the account instead of the transaction (ledger-api §15.1 row 1). */
export const patchOperationOfAccount = ({ now }: LedgerDeps) =>
  defineRoute<TenantContext, typeof TextPatchBody>({
    ...common,
    url: `${ledgerPathOf('unversioned')}/accounts/:account_id/operations/:operation_id`,
    operationId: operationIdOf('patchOperation', 'unversioned'),
    description: `Metadata is merged; nothing that was posted can be changed.${familyNote('unversioned')}`,
    handler: async ({ context, params, body }) => {
      const scope = ledgerScope(params);
      const [id, accountId] = [param(params, 'operation_id'), param(params, 'account_id')];
      const row = await withTenant(context, async (tx) => {
        const operation = await getOperation(tx, scope, { id, account_id: accountId });
        return patch(tx, scope, { id, transactionId: operation.transaction_id }, body, now());
      });
      return ok(operationView(row));
    },
  });
