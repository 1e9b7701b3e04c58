import { Type } from 'typebox';
import { defaultSettings, settingWords } from '../storage/ledger-settings.js';

const word = (setting: string) => Type.String({ enum: [...(settingWords[setting] ?? [])] });

/** Always whole: what was never said appears with its default (ledger-api §4.3). */
export const LedgerSettingsView = Type.Object(
  {
    accounting: Type.Object({
      validateAccountType: Type.Boolean({ description: 'Account types must be registered.' }),
      validateRoutes: Type.Boolean({ description: 'Transactions need a transaction route.' }),
      requireHolder: Type.Boolean({ description: 'Accounts need a holder.' }),
    }),
    tracer: Type.Object({
      mode: word('tracer.mode'),
      failPosture: word('tracer.failPosture'),
      timeoutMs: Type.Integer(),
    }),
    overrides: Type.Object({
      allowFeeSkip: Type.Boolean(),
      allowTracerSkip: Type.Boolean(),
      allowHolderSkip: Type.Boolean(),
    }),
  },
  { title: 'LedgerSettings' },
);

export const ledgerSettingsExample = defaultSettings;
