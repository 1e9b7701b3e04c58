import { LedgerError } from '../errors.js';
import { type Amount, add, type Decimal, sign, subtract } from '../money/decimal.js';
import { type BalanceState, isExternal } from './balance.js';

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

/**
 * The arithmetic of the books (ledger-api §5.5), all of it. A phase that has no entry for a side writes no operation
 * there and moves nothing: the destination of a hold, for one.
 *
 * Per phase the net (available + onHold of a credit balance, onHold − available of a debit one) of both sides is zero
 * when the sides' amounts are equal; the database checks the same sum by itself.
 */
const movements: Readonly<Record<Phase, Readonly<Partial<Record<Side, Movement>>>>> = {
  direct: {
    source: { type: 'DEBIT', direction: 'debit', available: -1, onHold: 0 },
    destination: { type: 'CREDIT', direction: 'credit', available: 1, onHold: 0 },
  },
  hold: {
    source: { type: 'ON_HOLD', direction: 'debit', available: -1, onHold: 1 },
  },
  commit: {
    source: { type: 'DEBIT', direction: 'debit', available: 0, onHold: -1 },
    destination: { type: 'CREDIT', direction: 'credit', available: 1, onHold: 0 },
  },
  cancel: {
    source: { type: 'RELEASE', direction: 'credit', available: 1, onHold: -1 },
  },
  annotation: {
    source: { type: 'DEBIT', direction: 'debit', available: 0, onHold: 0 },
    destination: { type: 'CREDIT', direction: 'credit', available: 0, onHold: 0 },
  },
};

/** The movement of a side in a phase, or undefined when that side does nothing then. */
export function movementOf(phase: Phase, side: Side): Movement | undefined {
  return movements[phase][side];
}

/**
 * The balance after `amount` has moved. Throws `insufficient_funds` when `available` would fall below zero on a balance
 * that is not external; a hold larger than what is on hold is a broken invariant and throws plainly.
 */
export function applyMovement(balance: BalanceState, movement: Movement, amount: Amount): BalanceState {
  if (movement.available === 0 && movement.onHold === 0) return balance;
  const availableSign = balance.direction === 'credit' ? movement.available : -movement.available;
  const available = move(balance.available, availableSign, amount);
  const onHold = move(balance.onHold, movement.onHold, amount);
  // Only a movement that lowers `available` can be refused: an old debt of an account must not block its repayment.
  if (availableSign < 0 && sign(available) < 0 && !isExternal(balance))
    throw new LedgerError('insufficient_funds', {
      entityType: 'Balance',
      detail: `Account ${balance.alias} (balance key ${balance.key}) does not have enough available ${balance.assetCode} for this transaction. Send an amount that its available balance covers.`,
    });
  if (sign(onHold) < 0) throw new Error(`balance ${balance.id} would hold less than nothing`);
  return Object.freeze({ ...balance, available, onHold, version: balance.version + 1 });
}

function move(value: Decimal, direction: number, amount: Amount): Decimal {
  return direction === 0 ? value : direction > 0 ? add(value, amount) : subtract(value, amount);
}
