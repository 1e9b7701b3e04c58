import type { CreateCommand } from '@cofferdam/core';
import type { Metadata } from '../storage/tables.js';
import type { OperationRow, StoredLeg, TransactionRow } from '../storage/transaction-rows.js';

/** Under which key a create is remembered: 32 bytes over the kind of key and its text (ledger-api §5.10). */
export interface IdempotencyClaim {
  readonly hash: Buffer;
  readonly ttlSeconds: number;
}

interface InLedger {
  readonly organizationId: string;
  readonly ledgerId: string;
}

/** What a transaction carries along; bookkeeping does not look at it. */
export interface TransactionNotes {
  readonly description: string;
  readonly chartOfAccountsGroupName: string;
  readonly route: string;
  readonly routeId: string | undefined;
  readonly metadata: Metadata;
}

export interface CreatePosting extends InLedger {
  readonly kind: 'create';
  readonly command: CreateCommand;
  readonly notes: TransactionNotes;
  /** Absent: the create is not remembered (batch entries without a key, or implicit keys switched off). */
  readonly idempotency?: IdempotencyClaim;
}

/** The end of a hold: `commit` posts it, `cancel` gives it back. */
export interface TransitionPosting extends InLedger {
  readonly kind: 'commit' | 'cancel';
  readonly transactionId: string;
}

/** A new transaction that undoes an approved one. */
export interface RevertPosting extends InLedger {
  readonly kind: 'revert';
  readonly transactionId: string;
}

/** One thing to be posted. */
export type Posting = CreatePosting | TransitionPosting | RevertPosting;

/** A transaction as one posting left it, with the operations which that posting wrote. */
export interface Posted {
  readonly transaction: TransactionRow;
  readonly operations: readonly OperationRow[];
  /** True when this is the remembered answer of an earlier call. */
  readonly replayed: boolean;
  /** The legs of the hold that this posting ended: some of them may have no operation in it. */
  readonly held?: readonly StoredLeg[];
  /** The first answer as it was, when the transaction has been changed since. Only on replays. */
  readonly firstAnswer?: unknown;
}
