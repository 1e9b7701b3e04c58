import type { ModelBalance } from '../../../../core/test/reference-books.js';
import type { AccountOptions } from './books.js';

/** Hundredths as the ledger's amounts are written. */
export const text = (amount: bigint): string => `${amount / 100n}.${String(amount % 100n).padStart(2, '0')}`;

/** A balance of the reference as the ledger has it. */
export function accountOf({ key, available, overdraft, debitDirection, external }: ModelBalance): AccountOptions {
  return {
    key,
    available: text(available),
    direction: debitDirection ? 'debit' : 'credit',
    accountType: external ? 'external' : 'deposit',
    ...(key === 'overdraft' ? { settings: { balanceScope: 'internal' } } : {}),
    ...(overdraft === undefined
      ? {}
      : {
          settings: {
            allowOverdraft: true,
            overdraftLimitEnabled: overdraft !== null,
            ...(overdraft === null ? {} : { overdraftLimit: text(overdraft) }),
          },
        }),
  };
}
