import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createInstrument } from './create-instrument.js';
import { deleteInstrument } from './delete-instrument.js';
import { deleteRelatedParty } from './delete-related-party.js';
import { getInstrument } from './get-instrument.js';
import { listInstruments } from './list-instruments.js';
import { updateInstrument } from './update-instrument.js';

/** Rows 96–101 of ledger-api §2. */
export function instrumentRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    listInstruments(deps),
    createInstrument(deps),
    getInstrument(),
    updateInstrument(deps),
    deleteInstrument(deps),
    deleteRelatedParty(deps),
  ];
}
