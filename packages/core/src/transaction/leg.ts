import type { Side } from '../balance/movement.js';
import type { BalanceId } from '../ids.js';
import type { Amount, Decimal } from '../money/decimal.js';

/** How much of the transaction's value a leg takes, as the client said it. */
export type LegShare =
  | { readonly kind: 'amount'; readonly value: Decimal }
  /** value × percentage ÷ 100 × percentageOfPercentage ÷ 100, both whole and 1–100. */
  | { readonly kind: 'share'; readonly percentage: number; readonly percentageOfPercentage: number }
  /** What is left of the value after the legs before this one in the list. */
  | { readonly kind: 'remaining' };

/** What a leg carries along into its operation; bookkeeping does not look at it. */
export interface LegNotes {
  readonly description?: string;
  readonly chartOfAccounts?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly route?: string;
  readonly routeId?: string;
}

/** One line of `from` or `to`, before its amount is known. */
export interface Leg {
  readonly accountAlias: string;
  readonly balanceKey: string;
  readonly share: LegShare;
  readonly notes: LegNotes;
}

/** A leg with its amount. Legs that come to nothing do not get this far. */
export interface ResolvedLeg {
  readonly side: Side;
  /** Place in the client's list: two legs of one balance are applied in this order. */
  readonly position: number;
  readonly accountAlias: string;
  readonly balanceKey: string;
  readonly amount: Amount;
  readonly notes: LegNotes;
}

/** A leg that already moved a balance once (a hold): later phases find the balance by id, whatever its alias is by then. */
export interface BoundLeg extends ResolvedLeg {
  readonly balanceId: BalanceId;
  /** What a hold drew from the overdraft: its cancel gives back exactly this. */
  readonly overdrawn?: Amount;
}
