import { LedgerError, type Leg, parseStoredDecimal } from '@cofferdam/core';
import type { CreatePosting, OperationRow, TransactionRow } from './posting-types.js';

/**
 * The create that undoes an approved transaction: each credit becomes a source leg, each debit a destination leg, with
 * the same amount, texts and metadata (ledger-api §5.9). Holds and releases are no part of it: what was held was posted.
 */
export function revertPosting(original: TransactionRow, operations: readonly OperationRow[]): CreatePosting {
  const legs = operations.filter(({ type }) => movesMoney.has(type));
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

const movesMoney = new Set(['DEBIT', 'CREDIT', 'BLOCK', 'UNBLOCK']);

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
