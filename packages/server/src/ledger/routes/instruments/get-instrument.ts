import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getAny } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { InstrumentView, instrumentExample, instrumentView } from '../../views/instrument.js';
import { ok } from '../shared/answers.js';
import { includeDeletedQuery, readIncludeDeleted } from '../shared/deleted-query.js';
import { may, param } from '../shared/paths.js';
import { holderScope, instrumentPath } from './paths.js';

export const getInstrument = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: instrumentPath,
    guard: may('instruments', 'get'),
    operationId: 'getInstrument',
    tag: 'Instruments',
    summary: 'Get an instrument',
    query: includeDeletedQuery,
    success: { status: 200, description: 'The instrument.', schema: InstrumentView, example: instrumentExample },
    errors: ['instrument_id_not_found'],
    handler: async ({ context, params, query }) => {
      const deleted = readIncludeDeleted(query);
      const id = param(params, 'instrument_id');
      return ok(
        instrumentView(await readTenant(context, (tx) => getAny(tx, 'instrument', holderScope(params), id, deleted))),
      );
    },
  });
