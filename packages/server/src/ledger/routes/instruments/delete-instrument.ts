import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deleteInstrument as remove } from '../../storage/instruments.js';
import { withTenant } from '../../storage/with-tenant.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { hardDeleteQuery, readHardDelete } from '../shared/deleted-query.js';
import { may, param } from '../shared/paths.js';
import { holderScope, instrumentPath } from './paths.js';

export const deleteInstrument = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: instrumentPath,
    guard: may('instruments', 'delete'),
    operationId: 'deleteInstrument',
    tag: 'Instruments',
    summary: 'Delete an instrument',
    query: hardDeleteQuery,
    success: deletedSuccess,
    errors: ['instrument_id_not_found'],
    handler: async ({ context, params, query }) => {
      const hard = readHardDelete(query);
      const id = param(params, 'instrument_id');
      await withTenant(context, (tx) => remove(tx, deps, holderScope(params), id, hard));
      return noContent;
    },
  });
