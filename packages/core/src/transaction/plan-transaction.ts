import type { BalanceState } from '../balance/balance.js';
import { isExternal } from '../balance/balance.js';
import type { Side } from '../balance/movement.js';
import { LedgerError } from '../errors.js';
import type { BalanceId } from '../ids.js';
import { toAmount } from '../money/decimal.js';
import type { RouteAction } from '../route/accounting-route.js';
import {
  type CreateCommand,
  checkSkip,
  defaultLedgerRules,
  type LedgerRules,
  operationTypeOf,
  refuseUnguarded,
} from './command.js';
import type { BoundLeg, ResolvedLeg } from './leg.js';
import { MoveLegs } from './move-legs.js';
import type { Books, Hold, Plan } from './plan.js';
import { resolveLegs } from './resolve-legs.js';
import { followRoute } from './route-plan.js';

/**
 * Plans a create. Pure: neither the command nor any balance is changed, and a refusal leaves nothing behind.
 * Checks run in the order of ledger-api §5.4 from step 5 on (`checkCommand` has done 1–3) and throw its codes:
 * 0073 totals, 0490 skip, 0090 ambiguous, 0168 internal, routes (§7.4), 0178 no limit guard,
 * 0019 unknown, 0034 asset, 0024 flags,
 * 0098 pending external, 0018 funds, 0167 overdraft limit, 0174 overdraft without its companion.
 */
export function planTransaction(command: CreateCommand, books: Books, rules: LedgerRules = defaultLedgerRules): Plan {
  const value = toAmount(command.value);
  const source = resolveLegs('source', command.source, value);
  const destination = resolveLegs('destination', command.destination, value);
  checkSkip(command, rules);
  refuseAmbiguous(source, destination);
  const found = [...source, ...destination].map((leg) => ({
    leg,
    balance: books.byName(leg.accountAlias, leg.balanceKey),
  }));
  refuseInternal(found);
  const phase = command.kind === 'hold' || command.kind === 'annotation' ? command.kind : 'direct';
  const bound: BoundLeg[] = [];
  const balances = new Map<BalanceId, BalanceState>();
  for (const { leg, balance } of found) {
    if (balance === undefined) continue;
    const { side, position, accountAlias, balanceKey, amount, notes } = leg;
    bound.push({ side, position, accountAlias, balanceKey, amount, notes, balanceId: balance.id });
    balances.set(balance.id, balance);
  }
  // The overdraft's part must be known to the routes, whose refusals come before those of funds: move first, refuse later.
  const moves = new MoveLegs(phase, rules.validateRoutes && phase === 'hold', books, (type) =>
    operationTypeOf(command.kind, type),
  );
  const moved = moves.run(bound, balances);
  const operations = rules.validateRoutes
    ? followRoute(command, rules, actionOf(command), found, moved.operations)
    : moved.operations;
  refuseUnguarded(command, rules);
  for (const { leg, balance } of found.map(refuseUnknown)) {
    refuseForeignAsset(balance, command.assetCode);
    refuseClosed(leg.side, balance);
    if (command.kind === 'hold' && leg.side === 'source') refuseExternalHold(balance);
  }
  if (moved.refusal !== undefined) throw moved.refusal;
  return { phase, operations, changed: moved.changed, legs: moved.legs };
}

/**
 * Plans the end of a hold. The amounts are those of the hold, never computed anew, and neither flags nor liveness of
 * the balances are checked again (§5.6); the routes of a hold that was placed under validation are. Throws
 * `insufficient_funds` where a debit-direction balance cannot give, and the codes of §7.4.
 */
export function planTransition(
  phase: 'commit' | 'cancel',
  hold: Hold,
  books: Books,
  rules: LedgerRules = defaultLedgerRules,
): Plan {
  const balances = new Map<BalanceId, BalanceState>();
  for (const leg of hold.legs) {
    const balance = books.byId(leg.balanceId);
    if (balance === undefined) throw new Error(`balance ${leg.balanceId} of a hold is gone`);
    balances.set(leg.balanceId, balance);
  }
  const moved = new MoveLegs(phase, hold.split, books).run(hold.legs, balances);
  const found = hold.legs.map((leg) => ({ leg, balance: balances.get(leg.balanceId) }));
  const operations =
    rules.validateRoutes && hold.split ? followRoute(hold, rules, phase, found, moved.operations) : moved.operations;
  if (moved.refusal !== undefined) throw moved.refusal;
  return { phase, operations, changed: moved.changed, legs: moved.legs };
}

function actionOf({ kind, reversal }: CreateCommand): RouteAction {
  return reversal ? 'revert' : kind === 'hold' ? 'hold' : 'direct';
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
