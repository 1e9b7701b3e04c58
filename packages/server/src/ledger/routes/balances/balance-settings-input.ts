import { Type } from 'typebox';
import { Nullable, shownWords } from '../../../http/schemas.js';

/** Checked rule by rule in `storage/balance-settings.ts`, whose refusals have codes of their own. */
export const BalanceSettingsInput = Type.Object(
  {
    balanceScope: Type.Optional(Type.String(shownWords(['transactional']))),
    allowOverdraft: Type.Optional(Type.Boolean()),
    overdraftLimitEnabled: Type.Optional(Type.Boolean()),
    overdraftLimit: Type.Optional(Nullable(Type.String({ description: 'A decimal above zero, as text.' }))),
  },
  { title: 'BalanceSettingsInput', additionalProperties: false },
);
