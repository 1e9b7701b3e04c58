import type { AccountId, BalanceId } from '../ids.js';
import type { Decimal } from '../money/decimal.js';

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
}

export const externalAccountType = 'external';

export function isExternal(balance: BalanceState): boolean {
  return balance.accountType === externalAccountType;
}
