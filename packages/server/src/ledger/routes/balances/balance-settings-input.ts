import { Type } from 'typebox';
import { Nullable } from '../../../http/schemas.js';

/** Checked rule by rule in `storage/balance-settings.ts`, whose refusals have codes of their own. */
export const BalanceSettingsInput = Type.Object(
  {
    balanceScope: Type.Optional(Type.String()),
    allowOverdraft: Type.Optional(Type.Boolean()),
    overdraftLimitEnabled: Type.Optional(Type.Boolean()),
    overdraftLimit: Type.Optional(Nullable(Type.String())),
  },
  { additionalProperties: false },
);
