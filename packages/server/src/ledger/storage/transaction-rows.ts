import { type BalanceId, type BoundLeg, LedgerError } from '@cofferdam/core';
import type { Selectable } from 'kysely';
import type { OperationTable, TransactionTable } from './tables.js';

export type TransactionRow = Selectable<TransactionTable>;
export type OperationRow = Selectable<OperationTable>;

/** Types of the operations that stand for legs of the request; the others are holds, releases and overdrafts (ledger-api §5.5). */
export const legOperationTypes: ReadonlySet<string> = new Set(['DEBIT', 'CREDIT', 'BLOCK', 'UNBLOCK']);

/** The legs of a hold as they are kept in `transaction.pending_legs` until its commit or cancel. */
export type StoredLeg = Omit<BoundLeg, 'amount' | 'balanceId' | 'overdrawn'> & {
  readonly amount: string;
  /** Drawn from the overdraft when the hold was placed. */
  readonly overdrawn?: string;
  readonly balanceId: BalanceId;
};

/** The same words wherever the transaction is, if it is not at this path. */
export function transactionNotFound(): LedgerError {
  return new LedgerError('entity_not_found', {
    entityType: 'Transaction',
    detail:
      'No Transaction was found for this id at this path. Check the ids in the path; a deleted record is not found either.',
  });
}
