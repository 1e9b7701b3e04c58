import { add, formatDecimal, LedgerError, type Leg, parseStoredDecimal } from '@cofferdam/core';
import { legOperationTypes, type OperationRow, type TransactionRow } from '../storage/transaction-rows.js';
import type { CreatePosting } from './posting-types.js';
import type { RouteBook } from './route-book.js';

/**
 * The create that undoes an approved transaction: each credit becomes a source leg, each debit a destination leg, with
 * the same amount, texts and metadata (ledger-api §5.9). Holds and releases are no part of it: what was held was posted.
 */
export function revertPosting(original: TransactionRow, operations: readonly OperationRow[]): CreatePosting {
  const overdrafts = operations.filter(({ type }) => type === 'OVERDRAFT');
  const legs = operations
    .filter(({ type }) => legOperationTypes.has(type))
    .map((row) => withOverdraft(row, overdrafts));
  if (legs.length === 0)
    throw new LedgerError('transaction_cannot_be_reverted', {
      entityType: 'Transaction',
      detail: 'This transaction moved nothing, so there is nothing to revert.',
    });
  return {
    kind: 'create',
    organizationId: original.organization_id,
    ledgerId: original.ledger_id,
    command: {
      kind: 'direct',
      assetCode: original.asset_code,
      value: parseStoredDecimal(original.amount),
      source: legs.filter(({ direction }) => direction === 'credit').map(toLeg),
      destination: legs.filter(({ direction }) => direction === 'debit').map(toLeg),
      reversal: true,
      ...(original.route_id === null ? {} : { routeId: original.route_id }),
      route: original.route,
    },
    notes: {
      description: original.description,
      chartOfAccountsGroupName: original.chart_of_accounts_group_name,
      route: original.route,
      routeId: original.route_id ?? undefined,
      metadata: original.metadata,
    },
  };
}

/**
 * The amount that a leg had before a part of it went into the overdraft: the companion's row of the same change is added
 * back. A commit's row has no such part, whatever its hold drew.
 */
function withOverdraft(row: OperationRow, overdrafts: OperationRow[]): OperationRow {
  if (row.overdraft_used_before === row.overdraft_used_after) return row;
  const at = overdrafts.findIndex(
    (o) =>
      o.account_id === row.account_id &&
      o.direction === row.direction &&
      o.overdraft_used_before === row.overdraft_used_before &&
      o.overdraft_used_after === row.overdraft_used_after,
  );
  const [overdraft] = at === -1 ? [] : overdrafts.splice(at, 1);
  if (overdraft === undefined) throw new Error(`operation ${row.id} has no overdraft row beside it`);
  const amount = add(parseStoredDecimal(row.amount), parseStoredDecimal(overdraft.amount));
  return { ...row, amount: formatDecimal(amount) };
}

/** A reversal goes the other way on each operation route, so each must be bidirectional, validated or not. Throws 0150. */
export function refuseOneWay(operations: readonly OperationRow[], routes: Pick<RouteBook, 'operationType'>): void {
  for (const { route_id: routeId } of operations) {
    const type = routeId === null ? undefined : routes.operationType(routeId);
    if (type !== undefined && type !== 'bidirectional')
      throw new LedgerError('route_not_bidirectional', {
        entityType: 'OperationRoute',
        detail: `Operation route ${routeId} of this transaction is a ${type} route; only transactions whose operation routes are all bidirectional can be reverted.`,
      });
  }
}

function toLeg(operation: OperationRow): Leg {
  return {
    accountAlias: operation.account_alias,
    balanceKey: operation.balance_key,
    share: { kind: 'amount', value: parseStoredDecimal(operation.amount) },
    notes: {
      description: operation.description,
      chartOfAccounts: operation.chart_of_accounts,
      route: operation.route,
      ...(operation.route_id === null ? {} : { routeId: operation.route_id }),
      ...(operation.metadata === null ? {} : { metadata: operation.metadata }),
    },
  };
}
