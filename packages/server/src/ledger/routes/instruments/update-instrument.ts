import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeInstrument } from '../../storage/instruments.js';
import { withTenant } from '../../storage/with-tenant.js';
import { InstrumentView, instrumentExample, instrumentView } from '../../views/instrument.js';
import { ok } from '../shared/answers.js';
import { may, param } from '../shared/paths.js';
import { InstrumentPatchBody, relatedPartyErrors } from './instrument-body.js';
import { holderScope, instrumentPath } from './paths.js';

export const updateInstrument = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof InstrumentPatchBody>({
    method: 'PATCH',
    url: instrumentPath,
    guard: may('instruments', 'patch'),
    operationId: 'updateInstrument',
    tag: 'Instruments',
    summary: 'Change an instrument',
    description: 'Objects are merged member by member, null removes; related parties are added to those there are.',
    body: InstrumentPatchBody,
    requestExample: { bankingDetails: { branch: '0002' } },
    success: { status: 200, description: 'The instrument.', schema: InstrumentView, example: instrumentExample },
    errors: [...relatedPartyErrors, 'instrument_id_not_found', 'closing_date_before_creation'],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'instrument_id');
      return ok(
        instrumentView(await withTenant(context, (tx) => changeInstrument(tx, deps, holderScope(params), id, body))),
      );
    },
  });
