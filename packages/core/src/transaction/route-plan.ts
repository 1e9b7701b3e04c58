import type { BalanceState } from '../balance/balance.js';
import { movementsOf, type Phase } from '../balance/movement.js';
import type { RouteAction } from '../route/accounting-route.js';
import { checkRoutes, getTransactionRoute, rubricOf } from '../route/check-routes.js';
import type { LedgerRules } from './command.js';
import type { ResolvedLeg } from './leg.js';
import type { PlannedOperation } from './plan.js';

/**
 * Step 12 of ledger-api §5.4 for a ledger that validates routes: the transaction follows its route (§7.4), and its
 * operations get the rubrics of it. Throws the codes of §7.4.
 */
export function followRoute(
  named: { readonly routeId?: string | undefined; readonly route?: string | undefined },
  rules: LedgerRules,
  action: RouteAction,
  found: readonly { readonly leg: ResolvedLeg; readonly balance: BalanceState | undefined }[],
  operations: readonly PlannedOperation[],
): readonly PlannedOperation[] {
  const route = getTransactionRoute(named, rules.findRoute);
  const legs = found.map(({ leg, balance }) => ({
    side: leg.side,
    direction: movementsOf(phaseOf(action), leg.side, false)[0]?.direction ?? 'credit',
    accountAlias: leg.accountAlias,
    accountType: balance?.accountType,
    routeId: leg.notes.routeId,
  }));
  const overdrafts = operations
    .filter(({ type }) => type === 'OVERDRAFT')
    .map(({ direction, notes }) => ({ direction, routeId: notes.routeId }));
  checkRoutes(route, action, legs, overdrafts);
  return operations.map((operation) => {
    const { type, direction, notes } = operation;
    const rubric = rubricOf(route, action, { type, direction, routeId: notes.routeId });
    return rubric === undefined ? operation : { ...operation, rubric };
  });
}

function phaseOf(action: RouteAction): Phase {
  return action === 'revert' ? 'direct' : action;
}
