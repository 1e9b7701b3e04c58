import { LedgerError } from '@cofferdam/core';
import { currencyCodes } from './currency-codes.js';

export const assetTypes = ['crypto', 'currency', 'fiat', 'commodity', 'others'];

/**
 * Type, then code, then currency (ledger-api §4.4). Throws 0040 for an unknown type, 0033 or 0004 for the first
 * character of the code that is no upper-case letter, 0005 for a currency that ISO 4217 does not know.
 */
export function checkAssetKind({ type, code }: { readonly type: string; readonly code: string }): void {
  if (!assetTypes.includes(type)) throw refuse('invalid_type', `type must be one of ${assetTypes.join(', ')}.`);
  const offender = /[^A-Z]/u.exec(code)?.[0];
  if (offender !== undefined) {
    if (/[a-z]/.test(offender))
      throw refuse('code_uppercase_requirement', 'code must be in upper case, such as "USD".');
    throw refuse('invalid_code_format', 'code must consist of the letters A to Z only, such as "USD".');
  }
  if ((type === 'currency' || type === 'fiat') && !currencyCodes.has(code))
    throw refuse(
      'currency_code_standard_compliance',
      `code must be a currency code of ISO 4217, such as "USD", when type is ${type}.`,
    );
}

function refuse(name: ConstructorParameters<typeof LedgerError>[0], detail: string): LedgerError {
  return new LedgerError(name, { detail, entityType: 'Asset' });
}
