import type { AccountId, BalanceId } from '../ids.js';
import { type Decimal, sign } from '../money/decimal.js';

/** An ordinary account grows by credits; the external account (and an overdraft companion) by debits. */
export type BalanceDirection = 'credit' | 'debit';

/** What one balance holds at one moment. `version` counts its mutations. Immutable: a movement makes a new one. */
export interface BalanceState {
  readonly id: BalanceId;
  readonly accountId: AccountId;
  readonly alias: string;
  readonly key: string;
  readonly assetCode: string;
  /** `external` may fall below zero, nobody else. */
  readonly accountType: string;
  readonly direction: BalanceDirection;
  readonly available: Decimal;
  readonly onHold: Decimal;
  readonly overdraftUsed: Decimal;
  readonly version: number;
  readonly allowSending: boolean;
  readonly allowReceiving: boolean;
  /** `internal`: kept by the system (an overdraft companion), never a client's leg. */
  readonly scope: 'transactional' | 'internal';
  /** Whether a debit may go beyond what is available (ledger-api §5.7). */
  readonly allowOverdraft: boolean;
  /** Most that may be owed; undefined: without end. */
  readonly overdraftLimit: Decimal | undefined;
}

/** The key of the balance that carries what an account owes: its overdraft companion. */
export const companionKey = 'overdraft';

export const externalAccountType = 'external';

export function isExternal(balance: BalanceState): boolean {
  return balance.accountType === externalAccountType;
}

/** Accounts that keep money may overdraw it; the external account and balances that grow by debits may not. */
export function mayOverdraw(balance: BalanceState): boolean {
  return balance.allowOverdraft && balance.direction === 'credit' && !isExternal(balance);
}

/** Whether a movement of this balance can touch its companion, which must then be locked with it. */
export function needsCompanion(balance: BalanceState): boolean {
  return sign(balance.overdraftUsed) > 0 || mayOverdraw(balance);
}
