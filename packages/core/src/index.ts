export {
  type BalanceDirection,
  type BalanceState,
  companionKey,
  externalAccountType,
  isExternal,
  mayOverdraw,
  needsCompanion,
} from './balance/balance.js';
export type {
  OperationDirection,
  OperationType,
  Phase,
  Side,
} from './balance/movement.js';
export { type ErrorName, errorCatalogue } from './error-catalogue.js';
export { type FieldProblem, LedgerError, type LedgerErrorInfo } from './errors.js';
export * from './ids.js';
export {
  type Amount,
  add,
  compare,
  type Decimal,
  decimal,
  equals,
  multiplyByRatio,
  negate,
  sign,
  subtract,
  toAmount,
  zero,
} from './money/decimal.js';
export {
  type DecimalBounds,
  DecimalError,
  type DecimalProblem,
  formatDecimal,
  inputBounds,
  parseDecimal,
  parseStoredDecimal,
} from './money/decimal-text.js';
export {
  type AccountingEntries,
  type AccountingEntry,
  type AccountRule,
  type OperationRoute,
  type OperationRouteType,
  operationRouteTypes,
  type RouteAction,
  type Rubric,
  readAccountRule,
  type Scenario,
  scenarios,
  type TransactionRoute,
  takesDestination,
  takesSource,
} from './route/accounting-route.js';
export { checkAccountingEntries } from './route/check-accounting-entries.js';
export {
  type CreateCommand,
  type CreateKind,
  checkCommand,
  defaultLedgerRules,
  type LedgerRules,
  operationTypeOf,
} from './transaction/command.js';
export type { BoundLeg, Leg, LegNotes, LegShare, ResolvedLeg } from './transaction/leg.js';
export type { Books, Hold, Plan, PlannedOperation } from './transaction/plan.js';
export { planTransaction, planTransition } from './transaction/plan-transaction.js';
export { resolveLegs } from './transaction/resolve-legs.js';
