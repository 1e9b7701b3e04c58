import { isDeepStrictEqual } from 'node:util';
import { LedgerError } from '@cofferdam/core';
import { type Static, Type } from 'typebox';
import { shownWords } from '../../../http/schemas.js';
import { defaultSettings, type LedgerSettings, settingWords } from '../../storage/ledger-settings.js';

const flag = Type.Optional(Type.Boolean());
const section = <P extends Type.TProperties>(settings: P) =>
  Type.Optional(Type.Object(settings, { additionalProperties: false }));

/** Settings in the body of a create; ledger-api §4.2 treats them otherwise than a PATCH of the settings. */
export const InitialSettings = Type.Object(
  {
    accounting: section({ validateAccountType: flag, validateRoutes: flag, requireHolder: flag }),
    tracer: section({
      mode: Type.Optional(Type.String(shownWords(settingWords['tracer.mode'] ?? []))),
      failPosture: Type.Optional(Type.String(shownWords(settingWords['tracer.failPosture'] ?? []))),
      timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    overrides: section({ allowFeeSkip: flag, allowTracerSkip: flag, allowHolderSkip: flag }),
  },
  {
    title: 'LedgerSettingsInput',
    additionalProperties: false,
  },
);

/**
 * What is to be stored: undefined when nothing was said or just the defaults. What a non-empty object leaves out counts
 * as false, empty or 0, so that it must name tracer.mode and tracer.failPosture. Throws 0176.
 */
export function readInitialSettings(given: Static<typeof InitialSettings> | undefined): LedgerSettings | undefined {
  if (given === undefined || Object.keys(given).length === 0) return undefined;
  const settings: LedgerSettings = {
    accounting: { validateAccountType: false, validateRoutes: false, requireHolder: false, ...given.accounting },
    tracer: { mode: '', failPosture: '', timeoutMs: 0, ...given.tracer },
    overrides: { allowFeeSkip: false, allowTracerSkip: false, allowHolderSkip: false, ...given.overrides },
  };
  if (isDeepStrictEqual(settings, defaultSettings)) return undefined;
  refuseUnknownWord('tracer.mode', settings.tracer.mode);
  refuseUnknownWord('tracer.failPosture', settings.tracer.failPosture);
  return settings;
}

function refuseUnknownWord(setting: string, word: string): void {
  const words = settingWords[setting] ?? [];
  if (words.includes(word)) return;
  throw new LedgerError('invalid_settings_field_value', {
    detail: `settings.${setting} must be one of ${words.join(', ')}. Settings given with a new ledger must be whole.`,
    entityType: 'Ledger',
  });
}
