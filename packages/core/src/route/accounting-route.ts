/** On which side of a transaction a route may stand; a bidirectional one on both. */
export type OperationRouteType = 'source' | 'destination' | 'bidirectional';

export const operationRouteTypes = ['source', 'destination', 'bidirectional'] as const;

/** Moments for which an operation route may carry rubrics (ledger-api §7.1). */
export const scenarios = ['direct', 'hold', 'commit', 'cancel', 'revert', 'overdraft', 'block', 'unblock'] as const;
export type Scenario = (typeof scenarios)[number];

/** What happens to a transaction, as its routes see it (§7.3). */
export type RouteAction = 'direct' | 'hold' | 'commit' | 'cancel' | 'revert';

/** The accounting code of one side of one scenario. */
export interface Rubric {
  readonly code: string;
  readonly description: string;
}

export interface AccountingEntry {
  readonly debit?: Rubric | null;
  readonly credit?: Rubric | null;
}

export type AccountingEntries = { readonly [S in Scenario]?: AccountingEntry };

/** One kind of line that a transaction may have. */
export interface OperationRoute {
  readonly id: string;
  readonly operationType: OperationRouteType;
  /** As stored: `{ruleType, validIf}` or nothing. Read with `readAccountRule`. */
  readonly account: unknown;
  readonly entries: AccountingEntries;
}

/** Which lines a transaction must have. */
export interface TransactionRoute {
  readonly id: string;
  readonly operationRoutes: readonly OperationRoute[];
}

/** Who may stand on an operation route. */
export type AccountRule =
  | { readonly ruleType: 'alias'; readonly validIf: string }
  | { readonly ruleType: 'account_type'; readonly validIf: readonly string[] };

/** The rule of a route: undefined when it has none, `corrupted` when what is stored is no rule. */
export function readAccountRule(stored: unknown): AccountRule | 'corrupted' | undefined {
  if (stored === undefined || stored === null) return undefined;
  if (typeof stored !== 'object') return 'corrupted';
  const { ruleType, validIf } = stored as { ruleType?: unknown; validIf?: unknown };
  if (ruleType === 'alias' && typeof validIf === 'string') return { ruleType, validIf };
  if (ruleType === 'account_type' && Array.isArray(validIf) && validIf.every((type) => typeof type === 'string'))
    return { ruleType, validIf };
  return 'corrupted';
}

export const takesSource = (type: OperationRouteType): boolean => type !== 'destination';
export const takesDestination = (type: OperationRouteType): boolean => type !== 'source';
