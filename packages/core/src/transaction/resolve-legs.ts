import type { Side } from '../balance/movement.js';
import { LedgerError } from '../errors.js';
import {
  type Amount,
  add,
  type Decimal,
  equals,
  multiplyByRatio,
  sign,
  subtract,
  toAmount,
  zero,
} from '../money/decimal.js';
import { formatDecimal, inputBounds } from '../money/decimal-text.js';
import type { Leg, LegShare, ResolvedLeg } from './leg.js';

/**
 * Gives each leg of one side its amount, in list order, exactly and once: explicit amounts as they are, shares of the
 * whole value, `remaining` what the legs before it left over. Legs of zero or less contribute nothing and are dropped
 * (ledger-api §5.4). Throws `transaction_value_mismatch` when the side does not add up to the value, `bad_request` when
 * a share would need more fraction digits than are kept.
 */
export function resolveLegs(side: Side, legs: readonly Leg[], value: Amount): readonly ResolvedLeg[] {
  const resolved: ResolvedLeg[] = [];
  let total: Decimal = zero;
  legs.forEach((leg, position) => {
    const amount = amountOf(leg.share, value, total);
    if (sign(amount) <= 0) return;
    if (amount.scale > inputBounds.fractionDigitsMax) throw tooFine(leg, amount);
    total = add(total, amount);
    const { accountAlias, balanceKey, notes } = leg;
    resolved.push({ side, position, accountAlias, balanceKey, amount: toAmount(amount), notes });
  });
  if (!equals(total, value)) throw mismatch(side, total, value);
  return resolved;
}

function amountOf(share: LegShare, value: Amount, before: Decimal): Decimal {
  switch (share.kind) {
    case 'amount':
      return share.value;
    case 'share':
      return multiplyByRatio(value, BigInt(share.percentage) * BigInt(share.percentageOfPercentage), 4);
    case 'remaining':
      return subtract(value, before);
  }
}

function mismatch(side: Side, total: Decimal, value: Amount): LedgerError {
  return new LedgerError('transaction_value_mismatch', {
    entityType: 'Transaction',
    detail: `The ${side} legs add up to ${formatDecimal(total)} but send.value is ${formatDecimal(value)}. Source legs, destination legs and send.value must be equal.`,
  });
}

function tooFine(leg: Leg, amount: Decimal): LedgerError {
  const message = `share of ${leg.accountAlias} comes to ${amount.scale} digits after the decimal point; at most ${inputBounds.fractionDigitsMax} are kept and nothing is rounded. Send explicit amounts instead.`;
  return new LedgerError('bad_request', { detail: message, errors: [{ location: 'share', message }] });
}
