import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { countLedgers } from './count-ledgers.js';
import { createLedger } from './create-ledger.js';
import { deleteLedger } from './delete-ledger.js';
import { getLedger } from './get-ledger.js';
import { getLedgerSettings } from './get-ledger-settings.js';
import { listLedgers } from './list-ledgers.js';
import { updateLedger } from './update-ledger.js';
import { updateLedgerSettings } from './update-ledger-settings.js';

export function ledgerResourceRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createLedger(deps),
    listLedgers(deps),
    getLedger(),
    updateLedger(deps),
    deleteLedger(deps),
    countLedgers(),
    getLedgerSettings(),
    updateLedgerSettings(deps),
  ];
}
