import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { effectiveSettings } from '../../storage/ledger-settings.js';
import { getLedger } from '../../storage/ledgers.js';
import { readTenant } from '../../storage/with-tenant.js';
import { LedgerSettingsView, ledgerSettingsExample } from '../../views/ledger-settings.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const getLedgerSettings = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/settings`,
    guard: may('ledgers', 'get'),
    operationId: 'getLedgerSettings',
    tag: 'Ledgers',
    summary: 'Read the settings of a ledger',
    success: {
      status: 200,
      description: 'All settings in force, the defaults filled in.',
      schema: LedgerSettingsView,
      example: ledgerSettingsExample,
    },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const ledger = await readTenant(context, (tx) => getLedger(tx, ledgerScope(params)));
      return ok(effectiveSettings(ledger.settings));
    },
  });
