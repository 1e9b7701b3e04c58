import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createHolder as create } from '../../storage/holders.js';
import { createOnce } from '../../storage/record-keys.js';
import { withTenant } from '../../storage/with-tenant.js';
import { HolderView, holderExample, holderView } from '../../views/holder.js';
import { may, organizationPath, organizationScope } from '../shared/paths.js';
import { claimHeaders, recordClaimOf, remembered, rememberedHeaders } from '../shared/record-claim.js';
import { NewHolderBody } from './holder-body.js';

export const createHolder = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof NewHolderBody>({
    method: 'POST',
    url: `${organizationPath}/holders`,
    guard: may('holders', 'post'),
    operationId: 'createHolder',
    tag: 'Holders',
    summary: 'Create a holder',
    description: 'A person or firm that accounts belong to. X-Idempotency makes a repeated call answer like the first.',
    requestHeaders: claimHeaders,
    body: NewHolderBody,
    requestExample: {
      type: 'NATURAL_PERSON',
      name: 'Alice Doe',
      document: '91315026015',
      contact: { primaryEmail: 'alice@example.com' },
    },
    success: {
      status: 201,
      description: 'The new holder.',
      schema: HolderView,
      headers: rememberedHeaders,
      example: holderExample,
    },
    errors: ['organization_id_not_found', 'document_association'],
    handler: async ({ context, params, body, headers }) => {
      const place = organizationScope(params);
      const claim = recordClaimOf(headers, 'holder', place.organization_id);
      return remembered(
        await withTenant(context, (tx) =>
          createOnce(tx, deps.now(), claim, async () => holderView(await create(tx, deps, place, body))),
        ),
      );
    },
  });
