import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { patchTransaction as patch } from '../../posting/patch-texts.js';
import { withTenant } from '../../storage/with-tenant.js';
import { PatchedTransactionView, patchedTransactionExample, patchedTransactionView } from '../../views/transaction.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';
import { TextPatchBody } from '../shared/text-patch-body.js';

export const patchTransaction = ({ now }: LedgerDeps) =>
  defineRoute<TenantContext, typeof TextPatchBody>({
    method: 'PATCH',
    url: `${ledgerPath}/transactions/:transaction_id`,
    guard: may('transactions', 'patch'),
    operationId: 'patchTransaction',
    tag: 'Transactions',
    summary: "Change a transaction's description or metadata",
    description: 'Metadata is merged; nothing that was posted can be changed. Operations are not part of the answer.',
    body: TextPatchBody,
    requestExample: { description: 'Rent of January, corrected', metadata: { invoice: null, year: '2026' } },
    success: {
      status: 200,
      description: 'The transaction.',
      schema: PatchedTransactionView,
      example: patchedTransactionExample,
    },
    errors: ['entity_not_found'],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'transaction_id');
      const row = await withTenant(context, (tx) => patch(tx, ledgerScope(params), id, body, now()));
      return ok(patchedTransactionView(row));
    },
  });
