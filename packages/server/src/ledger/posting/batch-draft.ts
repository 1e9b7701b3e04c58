import type { OperationRow, TransactionRow } from '../storage/transaction-rows.js';
import type { FirstAnswer, KeyClaim, OutboxEvent, StatusChange } from '../storage/write-batch.js';
import type { Posted } from './posting-types.js';

/** A hold as a commit or cancel of this batch left it, with what that wrote. */
export interface EndedHold {
  readonly transaction: TransactionRow;
  readonly operations: readonly OperationRow[];
}

interface DraftRows {
  readonly transactions: TransactionRow[];
  readonly operations: OperationRow[];
  readonly statusChanges: StatusChange[];
  readonly firstAnswers: FirstAnswer[];
  readonly events: OutboxEvent[];
}

const emptyRows = (): DraftRows => ({
  transactions: [],
  operations: [],
  statusChanges: [],
  firstAnswers: [],
  events: [],
});

/**
 * What accepted postings leave behind, beside balances: rows to write, and what later postings of the batch must know.
 * A unit fills a draft of its own, which sees what the units before it left; `keep` adds it to them, and a refused
 * unit's is forgotten.
 */
export class BatchDraft {
  #rows = emptyRows();
  readonly keys: KeyClaim[] = [];
  /** By key: creates which later postings with the same key replay. */
  readonly made = new Map<string, Posted>();
  readonly ended = new Map<string, EndedHold>();
  readonly reverted = new Set<string>();
  readonly #before: BatchDraft | undefined;

  constructor(before?: BatchDraft) {
    this.#before = before;
  }

  get rows(): DraftRows {
    return this.#rows;
  }

  /** The rows since the last call; what later postings must know stays. */
  takeRows(): DraftRows {
    const rows = this.#rows;
    this.#rows = emptyRows();
    return rows;
  }

  madeUnder(key: string): Posted | undefined {
    return this.made.get(key) ?? this.#before?.madeUnder(key);
  }

  endOf(transactionId: string): EndedHold | undefined {
    return this.ended.get(transactionId) ?? this.#before?.endOf(transactionId);
  }

  isReverted(transactionId: string): boolean {
    return this.reverted.has(transactionId) || this.#before?.isReverted(transactionId) === true;
  }

  keep(unit: BatchDraft): void {
    append(this.#rows.transactions, unit.rows.transactions);
    append(this.#rows.operations, unit.rows.operations);
    append(this.#rows.statusChanges, unit.rows.statusChanges);
    append(this.#rows.firstAnswers, unit.rows.firstAnswers);
    append(this.keys, unit.keys);
    append(this.#rows.events, unit.rows.events);
    for (const [key, posted] of unit.made) this.made.set(key, posted);
    for (const [id, hold] of unit.ended) this.ended.set(id, hold);
    for (const id of unit.reverted) this.reverted.add(id);
  }
}

/** Not `push(...more)`: an atomic batch may have more operations than a call can have arguments. */
export function append<T>(list: T[], more: readonly T[]): void {
  for (const each of more) list.push(each);
}
