import type { OperationDirection, OperationType, Side } from '../balance/movement.js';
import { LedgerError } from '../errors.js';
import { parseUuid } from '../ids.js';
import {
  type OperationRoute,
  type RouteAction,
  type Rubric,
  readAccountRule,
  type Scenario,
  type TransactionRoute,
} from './accounting-route.js';

/** A leg as its route sees it. */
export interface RoutedLeg {
  readonly side: Side;
  readonly direction: OperationDirection;
  readonly accountAlias: string;
  /** Undefined when no such balance was found, which is refused later. */
  readonly accountType: string | undefined;
  readonly routeId: string | undefined;
}

/** A draw on an overdraft or its repayment. */
export interface RoutedOverdraft {
  readonly routeId: string | undefined;
  readonly direction: OperationDirection;
}

/**
 * Step 1 of ledger-api §7.4: the route that a transaction names by routeId or, as older clients do, by a UUID in
 * `route`. Throws `transaction_route_not_informed`, `invalid_transaction_route_id`, `transaction_route_not_found`.
 */
export function getTransactionRoute(
  named: { readonly routeId?: string | undefined; readonly route?: string | undefined },
  find: (id: string) => TransactionRoute | undefined,
): TransactionRoute {
  const text = named.routeId || named.route || '';
  if (text === '')
    throw new LedgerError('transaction_route_not_informed', {
      entityType: 'Transaction',
      detail: 'This ledger validates routes: send routeId, the id of a transaction route.',
    });
  const id = parseUuid(text);
  if (id === undefined)
    throw new LedgerError('invalid_transaction_route_id', {
      entityType: 'Transaction',
      detail: 'The transaction route must be a UUID. Send it as routeId.',
    });
  const route = find(id);
  if (route === undefined)
    throw new LedgerError('transaction_route_not_found', {
      entityType: 'TransactionRoute',
      detail: 'No transaction route of this ledger has the id sent as routeId.',
    });
  return route;
}

interface Group {
  readonly source: readonly OperationRoute[];
  readonly destination: readonly OperationRoute[];
  readonly bidirectional: readonly OperationRoute[];
}

/** Steps 2–10 of ledger-api §7.4, in order. `legs`: sources first, each side in the client's order. */
export function checkRoutes(
  route: TransactionRoute,
  action: RouteAction,
  legs: readonly RoutedLeg[],
  overdrafts: readonly RoutedOverdraft[],
): void {
  const group = groupOf(route, action);
  const checked = action === 'cancel' ? legs.filter((leg) => leg.side === 'source') : legs;
  if (action !== 'cancel') refuseOtherSet(group, checked);
  refuseOneSided(group, action, checked);
  for (const leg of checked) {
    const used = getRouteOf(group, leg);
    refuseDirection(used, action, leg);
    refuseAccount(used, leg);
  }
  for (const overdraft of overdrafts) refuseWithoutOverdraft(route, overdraft);
}

/** Rubric of an operation: of its own scenario where that is configured, by its direction (end of §7.4). */
export function rubricOf(
  route: TransactionRoute,
  action: RouteAction,
  operation: {
    readonly type: OperationType;
    readonly direction: OperationDirection;
    readonly routeId: string | undefined;
  },
): Rubric | undefined {
  const entries = route.operationRoutes.find(({ id }) => id === operation.routeId)?.entries;
  const own: Scenario | undefined =
    operation.type === 'OVERDRAFT' ? 'overdraft' : operation.type === 'BLOCK' ? 'block' : unblock(operation.type);
  const entry = own === 'overdraft' ? entries?.overdraft : ((own && entries?.[own]) ?? entries?.[action]);
  return entry?.[operation.direction] ?? undefined;
}

const unblock = (type: OperationType) => (type === 'UNBLOCK' ? 'unblock' : undefined);

/** Steps 2 and 3. A hold moves nothing at its destination, so those routes are the ones of its commit. */
function groupOf({ operationRoutes }: TransactionRoute, action: RouteAction): Group {
  const having = (scenario: Scenario) => operationRoutes.filter(({ entries }) => entries[scenario] !== undefined);
  const own = having(action);
  if (own.length === 0)
    throw new LedgerError('no_routes_for_action', {
      entityType: 'TransactionRoute',
      detail: `The transaction route has no operation route with accountingEntries.${action}. Add the scenario, or use another route.`,
    });
  const of = (list: readonly OperationRoute[], type: OperationRoute['operationType']) =>
    list.filter(({ operationType }) => operationType === type);
  return {
    source: of(own, 'source'),
    destination: of(action === 'hold' ? having('commit') : own, 'destination'),
    bidirectional: of(own, 'bidirectional'),
  };
}

/** Step 4. */
function refuseOtherSet({ source, destination, bidirectional }: Group, legs: readonly RoutedLeg[]): void {
  const usedOn = (side: Side) => new Set(legs.filter((leg) => leg.side === side).map(({ routeId }) => routeId));
  const [from, to] = [usedOn('source'), usedOn('destination')];
  const used = new Set([...from, ...to]);
  used.delete(undefined);
  const expected = source.length + destination.length + bidirectional.length;
  const complete = source.every(({ id }) => from.has(id)) && destination.every(({ id }) => to.has(id));
  if (used.size === expected && complete) return;
  throw new LedgerError('accounting_route_count_mismatch', {
    entityType: 'Transaction',
    detail: `The legs use ${used.size} operation routes, but the transaction route has ${expected} for this action. Every operation route must be used, on its own side.`,
  });
}

/** Step 5. The rubrics are checked when a route is made; this guards what was stored otherwise. */
function refuseOneSided({ bidirectional }: Group, action: RouteAction, legs: readonly RoutedLeg[]): void {
  for (const { id, entries } of bidirectional) {
    const sides = new Set(legs.filter((leg) => leg.routeId === id).map((leg) => leg.side));
    const entry = entries[action];
    if (sides.size === 2 && !(entry?.debit && entry.credit))
      throw new LedgerError('missing_counterpart', {
        entityType: 'OperationRoute',
        detail: `The bidirectional operation route ${id} is used on both sides but lacks a debit or a credit rubric for ${action}.`,
      });
  }
}

/** Step 6. */
function getRouteOf(group: Group, { side, routeId, accountAlias }: RoutedLeg): OperationRoute {
  const used = [...group[side], ...group.bidirectional].find(({ id }) => id === routeId);
  if (used === undefined)
    throw new LedgerError('accounting_route_not_found', {
      entityType: 'Transaction',
      detail: `The ${side} leg of ${accountAlias} ${routeId === undefined ? 'has no routeId' : 'names a routeId that the transaction route does not have on this side'}. Send the id of one of its ${side} or bidirectional operation routes.`,
    });
  return used;
}

/** Step 7. What a cancel gives back comes in by credit on a source route, and is meant to. */
function refuseDirection(route: OperationRoute, action: RouteAction, leg: RoutedLeg): void {
  if (action === 'cancel' || route.operationType === 'bidirectional') return;
  const right = route.operationType === 'source' ? 'debit' : 'credit';
  if (leg.direction === right) return;
  throw new LedgerError('direction_route_mismatch', {
    entityType: 'Transaction',
    detail: `The ${route.operationType} route ${route.id} takes ${right} operations only, but the leg of ${leg.accountAlias} is a ${leg.direction}.`,
  });
}

/** Steps 8 and 9. */
function refuseAccount(route: OperationRoute, { accountAlias, accountType }: RoutedLeg): void {
  const rule = readAccountRule(route.account);
  if (rule === undefined) return;
  if (rule === 'corrupted')
    throw new LedgerError('corrupted_account_rule', {
      entityType: 'OperationRoute',
      detail: `The account rule stored with operation route ${route.id} cannot be read. Set it again.`,
    });
  if (rule.ruleType === 'alias' && rule.validIf !== accountAlias)
    throw new LedgerError('accounting_alias_validation_failed', {
      entityType: 'Transaction',
      detail: `Operation route ${route.id} is for the account ${rule.validIf} only, not for ${accountAlias}.`,
    });
  if (rule.ruleType === 'account_type' && accountType !== undefined && !rule.validIf.includes(accountType))
    throw new LedgerError('accounting_account_type_validation_failed', {
      entityType: 'Transaction',
      detail: `Operation route ${route.id} is for accounts of type ${rule.validIf.join(', ')}, but ${accountAlias} has type ${accountType}.`,
    });
}

/** Step 10. */
function refuseWithoutOverdraft({ operationRoutes }: TransactionRoute, { routeId, direction }: RoutedOverdraft): void {
  const route = operationRoutes.find(({ id }) => id === routeId);
  if (route?.entries.overdraft?.[direction]) return;
  throw new LedgerError('overdraft_route_not_configured', {
    entityType: 'OperationRoute',
    detail: `The transaction uses an overdraft, but operation route ${routeId} has no accountingEntries.overdraft.${direction}. Add the rubric.`,
  });
}
