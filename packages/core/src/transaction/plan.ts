import type { BalanceState } from '../balance/balance.js';
import type { OperationDirection, OperationType, Phase, Side } from '../balance/movement.js';
import type { AccountId, BalanceId } from '../ids.js';
import type { Amount, Decimal } from '../money/decimal.js';
import type { Rubric } from '../route/accounting-route.js';
import type { BoundLeg, LegNotes } from './leg.js';

/** One debit or credit line to be written. `before` and `after` are the same when the phase moves nothing. */
export interface PlannedOperation {
  readonly side: Side;
  readonly type: OperationType;
  readonly direction: OperationDirection;
  readonly amount: Amount;
  readonly before: BalanceState;
  readonly after: BalanceState;
  /** Of the balance that owes: the companion's own row speaks of the balance whose overdraft it carries. */
  readonly overdraftUsed: { readonly before: Decimal; readonly after: Decimal };
  /** False for annotations: the row speaks of money that did not move. */
  readonly balanceAffected: boolean;
  readonly notes: LegNotes;
  /** Accounting code of the row, when routes are validated and have one. */
  readonly rubric?: Rubric;
}

/** What a transaction will write: its rows in their order, and each changed balance once, as it ends up. */
export interface Plan {
  readonly phase: Phase;
  readonly operations: readonly PlannedOperation[];
  readonly changed: readonly BalanceState[];
  /** All legs with their balances: what a later commit or cancel moves again. */
  readonly legs: readonly BoundLeg[];
}

/** The balances of one ledger, locked by the caller. */
export interface Books {
  /** Live ones only. */
  byName(alias: string, key: string): BalanceState | undefined;
  byId(id: BalanceId): BalanceState | undefined;
  /** The overdraft companion of an account. */
  companionOf(accountId: AccountId): BalanceState | undefined;
}

/** A hold as it was placed. */
export interface Hold {
  readonly legs: readonly BoundLeg[];
  /**
   * It was placed under route validation: written as two operations (§5.6). Its end has that form too, and is held to
   * its routes; a hold that was placed before the ledger validated routes ends without them.
   */
  readonly split: boolean;
  readonly routeId?: string | undefined;
  readonly route?: string;
}
