import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteRelatedParty as remove } from '../../storage/instruments.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { may, param } from '../shared/paths.js';
import { holderScope, instrumentPath } from './paths.js';

export const deleteRelatedParty = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: `${instrumentPath}/related-parties/:related_party_id`,
    guard: may('instruments', 'delete'),
    operationId: 'deleteRelatedParty',
    tag: 'Instruments',
    summary: 'Remove a related party of an instrument',
    success: deletedSuccess,
    errors: ['instrument_id_not_found', 'related_party_not_found'],
    handler: async ({ context, params }) => {
      const [id, partyId] = [param(params, 'instrument_id'), param(params, 'related_party_id')];
      await withTenant(context, (tx) => remove(tx, deps, holderScope(params), id, partyId));
      return noContent;
    },
  });
