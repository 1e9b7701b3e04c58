import { defineRoute } from '../../../http/route.js';
import { FreeForm } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeLedgerSettings } from '../../storage/ledgers.js';
import { withTenant } from '../../storage/with-tenant.js';
import { LedgerSettingsView, ledgerSettingsExample } from '../../views/ledger-settings.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';
import { readSettingsPatch, settingsPatchShown } from './read-settings-patch.js';

const Body = FreeForm({
  title: 'LedgerSettingsPatch',
  description: 'Any part of the settings; merged section by section, key by key.',
  'x-shown': settingsPatchShown,
});

export const updateLedgerSettings = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: `${ledgerPath}/settings`,
    guard: may('ledgers', 'patch'),
    operationId: 'updateLedgerSettings',
    tag: 'Ledgers',
    summary: 'Change settings of a ledger',
    description:
      'A setting that is null goes back to its default. With tracer.mode enforce and tracer.failPosture closed every posting is refused (0178) while no limit guard is connected.',
    body: Body,
    bodyLimit: 64 * 1024,
    requestExample: { accounting: { validateAccountType: true } },
    success: {
      status: 200,
      description: 'All settings in force after the change.',
      schema: LedgerSettingsView,
      example: ledgerSettingsExample,
    },
    errors: [
      'entity_not_found',
      'payload_too_large',
      'settings_field_at_root_level',
      'unknown_settings_field',
      'invalid_settings_field_type',
      'invalid_settings_field_value',
    ],
    handler: async ({ context, params, body }) => {
      const patch = readSettingsPatch(body);
      return ok(await withTenant(context, (tx) => changeLedgerSettings(tx, deps, ledgerScope(params), patch)));
    },
  });
