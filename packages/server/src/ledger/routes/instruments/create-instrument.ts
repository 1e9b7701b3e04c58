import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createInstrument as create } from '../../storage/instruments.js';
import { createOnce } from '../../storage/record-keys.js';
import { withTenant } from '../../storage/with-tenant.js';
import { exampleIds } from '../../views/examples.js';
import { InstrumentView, instrumentExample, instrumentView } from '../../views/instrument.js';
import { may } from '../shared/paths.js';
import { claimHeaders, recordClaimOf, remembered, rememberedHeaders } from '../shared/record-claim.js';
import { NewInstrumentBody, relatedPartyErrors } from './instrument-body.js';
import { holderScope, instrumentsPath } from './paths.js';

export const createInstrument = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof NewInstrumentBody>({
    method: 'POST',
    url: instrumentsPath,
    guard: may('instruments', 'post'),
    operationId: 'createInstrument',
    tag: 'Instruments',
    summary: 'Create an instrument',
    description:
      'The banking details of one account of the holder. X-Idempotency makes a repeat answer like the first.',
    requestHeaders: claimHeaders,
    body: NewInstrumentBody,
    requestExample: {
      ledgerId: exampleIds.ledger,
      accountId: exampleIds.account,
      bankingDetails: instrumentExample.bankingDetails,
    },
    success: {
      status: 201,
      description: 'The new instrument.',
      schema: InstrumentView,
      headers: rememberedHeaders,
      example: instrumentExample,
    },
    errors: [
      ...relatedPartyErrors,
      'invalid_path_parameter',
      'holder_id_not_found',
      'instrument_ledger_reference_not_found',
      'instrument_account_reference_not_found',
      'account_already_associated',
    ],
    handler: async ({ context, params, body, headers }) => {
      const place = holderScope(params);
      const claim = recordClaimOf(headers, 'instrument', place.holder_id);
      return remembered(
        await withTenant(context, (tx) =>
          createOnce(tx, deps.now(), claim, async () => instrumentView(await create(tx, deps, place, body))),
        ),
      );
    },
  });
