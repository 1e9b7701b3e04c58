import { LedgerError } from '../errors.js';
import { type Amount, add, compare, type Decimal, sign, subtract, toAmount, zero } from '../money/decimal.js';
import { type BalanceState, isExternal, mayOverdraw } from './balance.js';

export type Side = 'source' | 'destination';
export type OperationType = 'DEBIT' | 'CREDIT' | 'ON_HOLD' | 'RELEASE' | 'BLOCK' | 'UNBLOCK' | 'OVERDRAFT';
export type OperationDirection = 'debit' | 'credit';

/** What happens to a transaction's legs at one moment of its life. */
export type Phase = 'direct' | 'hold' | 'commit' | 'cancel' | 'annotation';

/** One row of the arithmetic table. `available` is said for a credit-direction balance and turned round for a debit one. */
export interface Movement {
  readonly type: OperationType;
  readonly direction: OperationDirection;
  readonly available: -1 | 0 | 1;
  readonly onHold: -1 | 0 | 1;
}

type MovementTable = Readonly<Record<Phase, Readonly<Partial<Record<Side, readonly Movement[]>>>>>;

/**
 * The arithmetic of the books (ledger-api §5.5), all of it. A phase that has no entry for a side writes no operation
 * there and moves nothing: the destination of a hold, for one.
 *
 * Per phase the net (available + onHold of a credit balance, onHold − available of a debit one) of both sides is zero
 * when the sides' amounts are equal; the database checks the same sum by itself.
 */
const movements: MovementTable = {
  direct: {
    source: [{ type: 'DEBIT', direction: 'debit', available: -1, onHold: 0 }],
    destination: [{ type: 'CREDIT', direction: 'credit', available: 1, onHold: 0 }],
  },
  hold: {
    source: [{ type: 'ON_HOLD', direction: 'debit', available: -1, onHold: 1 }],
  },
  commit: {
    source: [{ type: 'DEBIT', direction: 'debit', available: 0, onHold: -1 }],
    destination: [{ type: 'CREDIT', direction: 'credit', available: 1, onHold: 0 }],
  },
  cancel: {
    source: [{ type: 'RELEASE', direction: 'credit', available: 1, onHold: -1 }],
  },
  annotation: {
    source: [{ type: 'DEBIT', direction: 'debit', available: 0, onHold: 0 }],
    destination: [{ type: 'CREDIT', direction: 'credit', available: 0, onHold: 0 }],
  },
};

/** With route validation a hold is written as two operations, each with its own rubric (§5.6). The sums are the same. */
const splitMovements: MovementTable = {
  ...movements,
  hold: {
    source: [
      { type: 'DEBIT', direction: 'debit', available: -1, onHold: 0 },
      { type: 'ON_HOLD', direction: 'credit', available: 0, onHold: 1 },
    ],
  },
  commit: {
    source: [{ type: 'ON_HOLD', direction: 'debit', available: 0, onHold: -1 }],
    destination: [{ type: 'CREDIT', direction: 'credit', available: 1, onHold: 0 }],
  },
  cancel: {
    source: [
      { type: 'RELEASE', direction: 'debit', available: 0, onHold: -1 },
      { type: 'CREDIT', direction: 'credit', available: 1, onHold: 0 },
    ],
  },
};

/** The movements of a side in a phase, in order; none when that side does nothing then. */
export function movementsOf(phase: Phase, side: Side, split: boolean): readonly Movement[] {
  return (split ? splitMovements : movements)[phase][side] ?? nothing;
}

const nothing: readonly Movement[] = [];

/** What one movement did. */
export interface Moved {
  readonly after: BalanceState;
  /** What the operation's row says: on rows that move only what is available, without the part of the overdraft. */
  readonly amount: Amount;
  /** What the companion carries on top: `debit` drawn, `credit` paid back. */
  readonly overdraft: { readonly direction: OperationDirection; readonly amount: Amount } | undefined;
}

/**
 * The balance after `amount` has moved, with the overdraft's part in it (ledger-api §5.7). A debit beyond what is
 * available draws the rest; a credit first pays back what is owed, or exactly `returned` where a hold gives back what it
 * drew. Throws `insufficient_funds` when `available` would fall below zero on a balance that is not external and may not
 * overdraw; a hold larger than what is on hold is a broken invariant and throws plainly. Limits are the caller's.
 */
export function applyMovement(balance: BalanceState, movement: Movement, amount: Amount, returned?: Amount): Moved {
  if (movement.available === 0 && movement.onHold === 0) return { after: balance, amount, overdraft: undefined };
  const { drawn, repaid } = overdraftPart(balance, movement, amount, returned);
  const own = drawn === zero && repaid === zero ? amount : toAmount(subtract(subtract(amount, drawn), repaid));
  const availableSign = balance.direction === 'credit' ? movement.available : -movement.available;
  const available = move(balance.available, availableSign, own);
  const onHold = move(balance.onHold, movement.onHold, amount);
  // Only a movement that lowers `available` can be refused: an old debt of an account must not block its repayment.
  if (availableSign < 0 && sign(available) < 0 && !isExternal(balance))
    throw new LedgerError('insufficient_funds', {
      entityType: 'Balance',
      detail: `Account ${balance.alias} (balance key ${balance.key}) does not have enough available ${balance.assetCode} for this transaction. Send an amount that its available balance covers.`,
    });
  if (sign(onHold) < 0) throw new Error(`balance ${balance.id} would hold less than nothing`);
  const overdraftUsed = own === amount ? balance.overdraftUsed : subtract(add(balance.overdraftUsed, drawn), repaid);
  return {
    after: Object.freeze({ ...balance, available, onHold, overdraftUsed, version: balance.version + 1 }),
    amount: movement.onHold === 0 ? own : amount,
    overdraft:
      drawn !== zero
        ? { direction: 'debit', amount: drawn }
        : repaid !== zero
          ? { direction: 'credit', amount: repaid }
          : undefined,
  };
}

/** `zero` itself where there is no such part. */
function overdraftPart(
  balance: BalanceState,
  { available }: Movement,
  amount: Amount,
  returned: Amount | undefined,
): { readonly drawn: Amount; readonly repaid: Amount } {
  if (available < 0 && compare(amount, balance.available) > 0 && mayOverdraw(balance))
    return { drawn: toAmount(subtract(amount, balance.available)), repaid: zero };
  if (available > 0 && sign(balance.overdraftUsed) > 0) {
    const due = least(returned ?? amount, toAmount(balance.overdraftUsed));
    return { drawn: zero, repaid: sign(due) === 0 ? zero : due };
  }
  return { drawn: zero, repaid: zero };
}

function least(a: Amount, b: Amount): Amount {
  return compare(a, b) < 0 ? a : b;
}

function move(value: Decimal, direction: number, amount: Amount): Decimal {
  return direction === 0 ? value : direction > 0 ? add(value, amount) : subtract(value, amount);
}
