import type { BalanceState } from '../balance/balance.js';
import { isExternal } from '../balance/balance.js';
import {
  applyMovement,
  movementOf,
  type OperationDirection,
  type OperationType,
  type Phase,
  type Side,
} from '../balance/movement.js';
import { LedgerError } from '../errors.js';
import type { BalanceId } from '../ids.js';
import { type Amount, toAmount } from '../money/decimal.js';
import {
  type CreateCommand,
  checkRoutes,
  checkSkip,
  defaultLedgerRules,
  type LedgerRules,
  operationTypeOf,
} from './command.js';
import type { BoundLeg, LegNotes, ResolvedLeg } from './leg.js';
import { resolveLegs } from './resolve-legs.js';

/** One debit or credit line to be written. `before` and `after` are the same when the phase moves nothing. */
export interface PlannedOperation {
  readonly side: Side;
  readonly type: OperationType;
  readonly direction: OperationDirection;
  readonly amount: Amount;
  readonly before: BalanceState;
  readonly after: BalanceState;
  /** False for annotations: the row speaks of money that did not move. */
  readonly balanceAffected: boolean;
  readonly notes: LegNotes;
}

/** What a transaction will write: its rows in their order, and each changed balance once, as it ends up. */
export interface Plan {
  readonly phase: Phase;
  readonly operations: readonly PlannedOperation[];
  readonly changed: readonly BalanceState[];
  /** All legs with their balances: what a later commit or cancel moves again. */
  readonly legs: readonly BoundLeg[];
}

/** A live balance of the ledger by alias and key, locked by the caller, or undefined. */
export type FindBalance = (alias: string, key: string) => BalanceState | undefined;

/**
 * Plans a create. Pure: neither the command nor any balance is changed, and a refusal leaves nothing behind.
 * Checks run in the order of ledger-api §5.4 from step 5 on (`checkCommand` has done 1–3) and throw its codes:
 * 0073 totals, 0490 skip, 0090 ambiguous, 0168 internal, 0114 routes, 0019 unknown, 0034 asset, 0024 flags, 0098 pending external, 0018 funds.
 */
export function planTransaction(
  command: CreateCommand,
  findBalance: FindBalance,
  rules: LedgerRules = defaultLedgerRules,
): Plan {
  const value = toAmount(command.value);
  const source = resolveLegs('source', command.source, value);
  const destination = resolveLegs('destination', command.destination, value);
  checkSkip(command, rules);
  refuseAmbiguous(source, destination);
  const found = [...source, ...destination].map((leg) => ({
    leg,
    balance: findBalance(leg.accountAlias, leg.balanceKey),
  }));
  refuseInternal(found);
  checkRoutes(command, rules);
  const legs = found.map(refuseUnknown);
  for (const { leg, balance } of legs) {
    refuseForeignAsset(balance, command.assetCode);
    refuseClosed(leg.side, balance);
    if (command.kind === 'hold' && leg.side === 'source') refuseExternalHold(balance);
  }
  const phase = command.kind === 'hold' || command.kind === 'annotation' ? command.kind : 'direct';
  const bound = legs.map(({ leg, balance }) => ({ ...leg, balanceId: balance.id }));
  const balances = new Map(legs.map(({ balance }) => [balance.id, balance]));
  return planPhase(phase, bound, balances, (type) => operationTypeOf(command.kind, type));
}

/**
 * Plans the end of a hold. The amounts are those of the hold, never computed anew, and neither flags nor liveness of
 * the balances are checked again (§5.6). Throws `insufficient_funds` where a debit-direction balance cannot give.
 */
export function planTransition(
  phase: 'commit' | 'cancel',
  legs: readonly BoundLeg[],
  findBalance: (id: BalanceId) => BalanceState | undefined,
): Plan {
  const balances = new Map<BalanceId, BalanceState>();
  for (const leg of legs) {
    const balance = findBalance(leg.balanceId);
    if (balance === undefined) throw new Error(`balance ${leg.balanceId} of a hold is gone`);
    balances.set(leg.balanceId, balance);
  }
  return planPhase(phase, legs, balances);
}

/**
 * Moves the legs in the order in which their rows are shown: by `alias#key`, the source first (§6). Several legs of one
 * balance chain, each beginning where the one before ended, so versions are consecutive.
 */
function planPhase(
  phase: Phase,
  legs: readonly BoundLeg[],
  balances: ReadonlyMap<BalanceId, BalanceState>,
  typeOf: (type: OperationType) => OperationType = (type) => type,
): Plan {
  const current = new Map(balances);
  const changed = new Map<BalanceId, BalanceState>();
  const operations: PlannedOperation[] = [];
  for (const leg of [...legs].sort(byBalanceThenSide)) {
    const movement = movementOf(phase, leg.side);
    const before = current.get(leg.balanceId);
    if (movement === undefined || before === undefined) continue;
    const after = applyMovement(before, movement, leg.amount);
    if (after !== before) changed.set(after.id, after);
    current.set(after.id, after);
    operations.push({
      side: leg.side,
      type: typeOf(movement.type),
      direction: movement.direction,
      amount: leg.amount,
      before,
      after,
      balanceAffected: phase !== 'annotation',
      notes: leg.notes,
    });
  }
  return { phase, operations, changed: [...changed.values()], legs };
}

function byBalanceThenSide(a: ResolvedLeg, b: ResolvedLeg): number {
  const left = `${a.accountAlias}#${a.balanceKey}`;
  const right = `${b.accountAlias}#${b.balanceKey}`;
  if (left !== right) return left < right ? -1 : 1;
  if (a.side !== b.side) return a.side === 'source' ? -1 : 1;
  return a.position - b.position;
}

/** The rule is positional in the contract: leg i against leg i. Elsewhere one balance may stand on both sides. */
function refuseAmbiguous(source: readonly ResolvedLeg[], destination: readonly ResolvedLeg[]): void {
  const opposite = new Map(destination.map((leg) => [leg.position, leg]));
  for (const from of source) {
    const to = opposite.get(from.position);
    if (to?.accountAlias === from.accountAlias && to.balanceKey === from.balanceKey)
      throw new LedgerError('transaction_ambiguous_account', {
        entityType: 'Transaction',
        detail: `Account ${from.accountAlias} (balance key ${from.balanceKey}) is both source and destination. Name two different balances.`,
      });
  }
}

interface FoundLeg {
  readonly leg: ResolvedLeg;
  readonly balance: BalanceState | undefined;
}

function refuseInternal(found: readonly FoundLeg[]): void {
  for (const { balance } of found)
    if (balance?.scope === 'internal')
      throw new LedgerError('direct_operation_on_internal_balance', {
        entityType: 'Balance',
        detail: `Balance ${balance.key} of account ${balance.alias} is kept by the system. Name another balance key.`,
      });
}

function refuseUnknown({ leg, balance }: FoundLeg): { leg: ResolvedLeg; balance: BalanceState } {
  if (balance === undefined)
    throw new LedgerError('account_ineligibility', {
      entityType: 'Transaction',
      detail: `No account ${leg.accountAlias} with balance key ${leg.balanceKey} in this ledger. Every leg must name an existing account alias and balance key.`,
    });
  return { leg, balance };
}

function refuseForeignAsset(balance: BalanceState, assetCode: string): void {
  if (balance.assetCode !== assetCode)
    throw new LedgerError('asset_code_not_found', {
      entityType: 'Transaction',
      detail: `Account ${balance.alias} (balance key ${balance.key}) holds ${balance.assetCode}, but send.asset is ${assetCode}. All legs must hold the asset that is sent.`,
    });
}

function refuseClosed(side: Side, balance: BalanceState): void {
  if (side === 'source' ? balance.allowSending : balance.allowReceiving) return;
  throw new LedgerError('account_status_transaction_restriction', {
    entityType: 'Transaction',
    detail: `Account ${balance.alias} (balance key ${balance.key}) is not allowed to ${side === 'source' ? 'send' : 'receive'}. Use another account, or allow it on the balance first.`,
  });
}

function refuseExternalHold(balance: BalanceState): void {
  if (isExternal(balance))
    throw new LedgerError('invalid_pending_transaction', {
      entityType: 'Transaction',
      detail: `A pending transaction cannot have the external account ${balance.alias} as its source. Post it without pending.`,
    });
}
