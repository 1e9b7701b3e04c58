import type { BalanceState } from '../balance/balance.js';
import {
  applyMovement,
  type Moved,
  type Movement,
  movementsOf,
  type OperationType,
  type Phase,
} from '../balance/movement.js';
import { LedgerError } from '../errors.js';
import type { BalanceId } from '../ids.js';
import { type Amount, add, compare, subtract, toAmount, zero } from '../money/decimal.js';
import { formatDecimal } from '../money/decimal-text.js';
import type { BoundLeg, ResolvedLeg } from './leg.js';
import type { Books, PlannedOperation } from './plan.js';

/** What came of moving legs. `refusal`: the first one in the contract's order, for the caller to throw in its turn. */
export interface MovedLegs {
  readonly operations: readonly PlannedOperation[];
  readonly changed: readonly BalanceState[];
  readonly legs: readonly BoundLeg[];
  readonly refusal: LedgerError | undefined;
}

/**
 * Moves legs in the order in which their rows are shown: by `alias#key`, the source first (§6). Several legs of one
 * balance chain, each beginning where the one before ended, so versions are consecutive. Rows of overdraft companions
 * come last.
 */
export class MoveLegs {
  readonly #phase: Phase;
  readonly #split: boolean;
  readonly #books: Pick<Books, 'companionOf'>;
  readonly #typeOf: (type: OperationType) => OperationType;
  readonly #current = new Map<BalanceId, BalanceState>();
  readonly #changed = new Map<BalanceId, BalanceState>();
  readonly #operations: PlannedOperation[] = [];
  readonly #companions: PlannedOperation[] = [];
  #refusal: LedgerError | undefined;
  #overLimit: LedgerError | undefined;
  #stale: LedgerError | undefined;

  constructor(
    phase: Phase,
    split: boolean,
    books: Pick<Books, 'companionOf'>,
    typeOf: (type: OperationType) => OperationType = (type) => type,
  ) {
    this.#phase = phase;
    this.#split = split;
    this.#books = books;
    this.#typeOf = typeOf;
  }

  /** Use an instance once. */
  run(legs: readonly BoundLeg[], balances: ReadonlyMap<BalanceId, BalanceState>): MovedLegs {
    for (const [id, balance] of balances) this.#current.set(id, balance);
    const drawn = new Map<BoundLeg, Amount>();
    for (const leg of [...legs].sort(byBalanceThenSide)) {
      for (const movement of movementsOf(this.#phase, leg.side, this.#split)) {
        const moved = this.#move(leg, movement);
        if (moved?.overdraft?.direction === 'debit') drawn.set(leg, moved.overdraft.amount);
      }
    }
    return {
      operations: this.#companions.length === 0 ? this.#operations : [...this.#operations, ...this.#companions],
      changed: [...this.#changed.values()],
      legs: drawn.size === 0 ? legs : legs.map((leg) => withDrawn(leg, drawn.get(leg))),
      refusal: this.#refusal ?? this.#overLimit ?? this.#stale,
    };
  }

  #move(leg: BoundLeg, movement: Movement): Moved | undefined {
    const before = this.#current.get(leg.balanceId);
    if (before === undefined) return undefined;
    const moved = this.#apply(before, movement, leg);
    if (moved === undefined) return undefined;
    const { after, amount, overdraft } = moved;
    if (after !== before) this.#change(after);
    this.#operations.push({
      side: leg.side,
      type: this.#typeOf(movement.type),
      direction: movement.direction,
      amount,
      before,
      after,
      overdraftUsed: { before: before.overdraftUsed, after: after.overdraftUsed },
      balanceAffected: this.#phase !== 'annotation',
      notes: leg.notes,
    });
    if (overdraft !== undefined) this.#carry(leg, before, after, overdraft);
    return moved;
  }

  #apply(before: BalanceState, movement: Movement, leg: BoundLeg): Moved | undefined {
    try {
      const returned = this.#phase === 'cancel' ? (leg.overdrawn ?? zero) : undefined;
      return applyMovement(before, movement, leg.amount, returned);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#refusal ??= error;
      return undefined;
    }
  }

  /** The companion grows by what is drawn and shrinks by what is paid back. */
  #carry(leg: BoundLeg, before: BalanceState, after: BalanceState, overdraft: NonNullable<Moved['overdraft']>): void {
    const { direction, amount } = overdraft;
    if (direction === 'debit' && after.overdraftLimit && compare(after.overdraftUsed, after.overdraftLimit) > 0)
      this.#overLimit ??= limitExceeded(after);
    const known = this.#books.companionOf(before.accountId);
    const companion = known && (this.#current.get(known.id) ?? known);
    if (companion === undefined) {
      this.#stale ??= companionMissing(before);
      return;
    }
    const available = direction === 'debit' ? add(companion.available, amount) : subtract(companion.available, amount);
    const carried = Object.freeze({ ...companion, available: toAmount(available), version: companion.version + 1 });
    this.#change(carried);
    const { description, routeId } = leg.notes;
    this.#companions.push({
      side: leg.side,
      type: 'OVERDRAFT',
      direction,
      amount,
      before: companion,
      after: carried,
      overdraftUsed: { before: before.overdraftUsed, after: after.overdraftUsed },
      balanceAffected: true,
      notes: {
        ...(description === undefined ? {} : { description }),
        ...(routeId === undefined ? {} : { routeId, route: routeId }),
      },
    });
  }

  #change(balance: BalanceState): void {
    this.#current.set(balance.id, balance);
    this.#changed.set(balance.id, balance);
  }
}

function withDrawn(leg: BoundLeg, overdrawn: Amount | undefined): BoundLeg {
  return overdrawn === undefined ? leg : { ...leg, overdrawn };
}

function byBalanceThenSide(a: ResolvedLeg, b: ResolvedLeg): number {
  const left = `${a.accountAlias}#${a.balanceKey}`;
  const right = `${b.accountAlias}#${b.balanceKey}`;
  if (left !== right) return left < right ? -1 : 1;
  if (a.side !== b.side) return a.side === 'source' ? -1 : 1;
  return a.position - b.position;
}

function limitExceeded({ alias, key, overdraftUsed, overdraftLimit }: BalanceState): LedgerError {
  return new LedgerError('overdraft_limit_exceeded', {
    entityType: 'Balance',
    detail: `Account ${alias} (balance key ${key}) would owe ${formatDecimal(overdraftUsed)}, but its overdraft limit is ${formatDecimal(overdraftLimit ?? zero)}. Send less, or raise the limit.`,
  });
}

function companionMissing({ alias, key }: BalanceState): LedgerError {
  return new LedgerError('stale_balance_version', {
    entityType: 'Balance',
    detail: `The overdraft of account ${alias} (balance key ${key}) changed while this transaction was being posted. Nothing was posted; send it again.`,
  });
}
