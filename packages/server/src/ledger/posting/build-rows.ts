import {
  type BoundLeg,
  formatDecimal,
  type Hold,
  type Plan,
  type PlannedOperation,
  parseStoredDecimal,
  toAmount,
} from '@cofferdam/core';
import type { OperationRow, StoredLeg, TransactionRow } from '../storage/transaction-rows.js';
import type { CreatePosting, TransactionNotes } from './posting-types.js';

/** What rows need beside the plan. */
export interface RowSource {
  readonly newId: () => string;
  /** The moment of the batch, RFC 3339. */
  readonly at: string;
}

const statusOf: Readonly<Record<Plan['phase'], TransactionRow['status']>> = {
  direct: 'APPROVED',
  hold: 'PENDING',
  commit: 'APPROVED',
  cancel: 'CANCELED',
  annotation: 'NOTED',
};

export function statusAfter(phase: Plan['phase']): TransactionRow['status'] {
  return statusOf[phase];
}

/** The row of a new transaction. `parentId`: the transaction that it reverts. */
export function transactionRow(
  posting: Pick<CreatePosting, 'organizationId' | 'ledgerId' | 'command' | 'notes'>,
  plan: Plan,
  source: RowSource,
  parentId: string | null,
): TransactionRow {
  const { command, notes } = posting;
  return {
    id: source.newId(),
    organization_id: posting.organizationId,
    ledger_id: posting.ledgerId,
    parent_transaction_id: parentId,
    status: statusOf[plan.phase],
    asset_code: command.assetCode,
    amount: formatDecimal(command.value),
    description: notes.description,
    chart_of_accounts_group_name: notes.chartOfAccountsGroupName,
    route: notes.route,
    route_id: notes.routeId ?? null,
    pending_legs: plan.phase === 'hold' ? plan.legs.map(storeLeg) : null,
    fees_skipped: command.skip?.fees === true,
    tracer_skipped: command.skip?.tracer === true,
    metadata: notes.metadata,
    created_at: command.transactionDate ?? source.at,
    updated_at: source.at,
    deleted_at: null,
  };
}

/** The rows of one phase, in the plan's order; their ids grow in it, so that every later read has the same order. */
export function operationRows(
  transaction: TransactionRow,
  plan: Plan,
  notes: Pick<TransactionNotes, 'description'>,
  source: RowSource,
): OperationRow[] {
  const createdAt = plan.phase === 'commit' || plan.phase === 'cancel' ? source.at : transaction.created_at;
  return plan.operations.map((operation) => ({
    id: source.newId(),
    transaction_id: transaction.id,
    organization_id: transaction.organization_id,
    ledger_id: transaction.ledger_id,
    account_id: operation.before.accountId,
    balance_id: operation.before.id,
    account_alias: operation.before.alias,
    balance_key: operation.before.key,
    balance_direction: operation.before.direction,
    type: operation.type,
    direction: operation.direction,
    asset_code: operation.before.assetCode,
    amount: formatDecimal(operation.amount),
    ...standings(operation),
    status: statusOf[plan.phase],
    description: operation.notes.description ?? notes.description,
    chart_of_accounts: operation.notes.chartOfAccounts ?? '',
    route: operation.notes.route ?? '',
    route_id: operation.notes.routeId ?? null,
    route_code: operation.rubric?.code ?? null,
    route_description: operation.rubric?.description ?? null,
    metadata: operation.notes.metadata ?? null,
    created_at: createdAt,
    updated_at: source.at,
    deleted_at: null,
  }));
}

/** Before and after; an annotation touches no balance and says so with zeros (ledger-api §5.1). */
function standings({ before, after, overdraftUsed, balanceAffected }: PlannedOperation) {
  if (!balanceAffected)
    return {
      available_before: '0',
      available_after: '0',
      on_hold_before: '0',
      on_hold_after: '0',
      overdraft_used_before: '0',
      overdraft_used_after: '0',
      version_before: 0,
      version_after: 0,
      balance_affected: false,
    };
  return {
    available_before: formatDecimal(before.available),
    available_after: formatDecimal(after.available),
    on_hold_before: formatDecimal(before.onHold),
    on_hold_after: formatDecimal(after.onHold),
    overdraft_used_before: formatDecimal(overdraftUsed.before),
    overdraft_used_after: formatDecimal(overdraftUsed.after),
    version_before: before.version,
    version_after: after.version,
    balance_affected: true,
  };
}

function storeLeg({ amount, overdrawn, ...leg }: BoundLeg): StoredLeg {
  return {
    ...leg,
    amount: formatDecimal(amount),
    ...(overdrawn === undefined ? {} : { overdrawn: formatDecimal(overdrawn) }),
  };
}

/** The legs of a hold as its commit and cancel move them. */
export function readStoredLegs(transaction: TransactionRow): BoundLeg[] {
  const stored = (transaction.pending_legs ?? []) as StoredLeg[];
  return stored.map(({ amount, overdrawn, ...leg }) => ({
    ...leg,
    amount: toAmount(parseStoredDecimal(amount)),
    ...(overdrawn === undefined ? {} : { overdrawn: toAmount(parseStoredDecimal(overdrawn)) }),
  }));
}

/** A pending transaction as its hold was placed; `operations` are those that it wrote. */
export function readHold(transaction: TransactionRow, operations: readonly OperationRow[]): Hold {
  return {
    legs: readStoredLegs(transaction),
    // Only a hold that was written as two operations has a debit before its commit.
    split: operations.some(({ type }) => type === 'DEBIT'),
    ...(transaction.route_id === null ? {} : { routeId: transaction.route_id }),
    route: transaction.route,
  };
}
