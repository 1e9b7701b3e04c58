import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeHolder } from '../../storage/holders.js';
import { withTenant } from '../../storage/with-tenant.js';
import { HolderView, holderExample, holderView } from '../../views/holder.js';
import { ok } from '../shared/answers.js';
import { may, organizationPath, organizationScope, param } from '../shared/paths.js';
import { HolderPatchBody } from './holder-body.js';

export const updateHolder = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof HolderPatchBody>({
    method: 'PATCH',
    url: `${organizationPath}/holders/:id`,
    guard: may('holders', 'patch'),
    operationId: 'updateHolder',
    tag: 'Holders',
    summary: 'Change a holder',
    description: 'Objects are merged member by member; null removes.',
    body: HolderPatchBody,
    requestExample: { name: 'Alice Roe', contact: { mobilePhone: '+5511999990000' } },
    success: { status: 200, description: 'The holder.', schema: HolderView, example: holderExample },
    errors: ['holder_id_not_found'],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'id');
      return ok(
        holderView(await withTenant(context, (tx) => changeHolder(tx, deps, organizationScope(params), id, body))),
      );
    },
  });
