import { LedgerError } from '@cofferdam/core';
import type { EarlierRows } from '../storage/lock-transactions.js';
import { type OperationRow, type TransactionRow, transactionNotFound } from '../storage/transaction-rows.js';
import type { RevertPosting, TransitionPosting } from './posting-types.js';

/** For this long after a hold has ended, a repeated commit or cancel is told so rather than "wrong status" (ledger-api §5.6). */
const transitionLockMs = 300_000;

/** The locked transactions that a batch ends or reverts, with the refusals that concern them. */
export class EarlierTransactions {
  readonly #rows: ReadonlyMap<string, TransactionRow>;
  readonly #operations = new Map<string, OperationRow[]>();
  readonly #reverted: ReadonlySet<string>;
  readonly #endedAt: ReadonlyMap<string, string>;
  readonly #now: Date;

  constructor(rows: EarlierRows, now: Date) {
    this.#rows = new Map(rows.transactions.map((row) => [row.id, row]));
    for (const operation of rows.operations) {
      const list = this.#operations.get(operation.transaction_id) ?? [];
      list.push(operation);
      this.#operations.set(operation.transaction_id, list);
    }
    this.#reverted = new Set(rows.revertedIds);
    this.#endedAt = new Map(rows.endedHolds.map((hold) => [hold.transactionId, hold.endedAt]));
    this.#now = now;
  }

  /** Throws `entity_not_found` when it is unknown or in another ledger. */
  get(posting: TransitionPosting | RevertPosting): TransactionRow {
    const row = this.#rows.get(posting.transactionId);
    if (row?.ledger_id !== posting.ledgerId || row.organization_id !== posting.organizationId)
      throw transactionNotFound();
    return row;
  }

  operationsOf(transactionId: string): readonly OperationRow[] {
    return this.#operations.get(transactionId) ?? [];
  }

  /** Checks of ledger-api §5.9, in order. `now`: the transaction as this batch left it, where it ended its hold. */
  getReversible(posting: RevertPosting, now?: TransactionRow): TransactionRow {
    if (this.#reverted.has(posting.transactionId) && this.#isHere(posting)) throw this.alreadyReverted();
    const stored = this.get(posting);
    const row = now ?? stored;
    if (row.parent_transaction_id !== null)
      throw new LedgerError('transaction_is_already_a_reversal', {
        entityType: 'Transaction',
        detail: 'This transaction is itself a reversal and cannot be reverted. Post a new transaction instead.',
      });
    if (row.status !== 'APPROVED') throw wrongStatus(row, 'revert', 'APPROVED');
    return row;
  }

  alreadyReverted(): LedgerError {
    return new LedgerError('transaction_revert_already_exist', {
      entityType: 'Transaction',
      detail: 'This transaction has already been reverted. Its reversal names it as parentTransactionId.',
    });
  }

  /** Why a transaction that is not pending cannot be committed or cancelled: its hold has just ended, or never was. */
  notPending(current: TransactionRow, action: 'commit' | 'cancel'): LedgerError {
    const heldHere = this.#rows.get(current.id)?.status === 'PENDING';
    const endedAt = heldHere ? this.#now.toISOString() : this.#endedAt.get(current.id);
    if (endedAt !== undefined && this.#now.getTime() - Date.parse(endedAt) < transitionLockMs)
      return new LedgerError('transaction_locked', {
        entityType: 'Transaction',
        detail: `This transaction has just been ${current.status === 'CANCELED' ? 'cancelled' : 'committed'}; it cannot be changed again. Read it to see its status.`,
      });
    return wrongStatus(current, action, 'PENDING');
  }

  #isHere(posting: RevertPosting): boolean {
    const row = this.#rows.get(posting.transactionId);
    return row?.ledger_id === posting.ledgerId && row.organization_id === posting.organizationId;
  }
}

function wrongStatus(row: TransactionRow, action: string, right: string): LedgerError {
  return new LedgerError('invalid_transaction_status', {
    entityType: 'Transaction',
    detail: `A transaction with status ${row.status} cannot take the action ${action}; it would have to be ${right}.`,
  });
}
