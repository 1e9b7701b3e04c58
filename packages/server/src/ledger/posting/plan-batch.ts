import { type Books, type LedgerRules, type Plan, planTransaction, planTransition } from '@cofferdam/core';
import { stringifyJson } from '../../http/json.js';
import type { BatchContext } from '../storage/idempotency-keys.js';
import type { LockedBalance } from '../storage/lock-balances.js';
import type { StoredLeg } from '../storage/transaction-rows.js';
import type { BatchWrites, StatusChange } from '../storage/write-batch.js';
import { createdView } from '../views/transaction.js';
import { append, BatchDraft } from './batch-draft.js';
import { BooksOverlay } from './books-overlay.js';
import { operationRows, type RowSource, readHold, statusAfter, transactionRow } from './build-rows.js';
import type { EarlierTransactions } from './earlier-transactions.js';
import { LedgerRuleBook } from './ledger-rule-book.js';
import type { CreatePosting, Posted, Posting, RevertPosting, TransitionPosting } from './posting-types.js';
import { refuseOneWay, revertPosting } from './revert.js';
import type { RouteBook } from './route-book.js';

/** Postings that stand or fall together; a single request is a unit of one. */
export type Unit = readonly Posting[];

/** What became of one posting: done now, or done earlier under its key and still to be read from the books. */
export type Outcome = Posted | { readonly replayOf: string };
export type UnitOutcome = { readonly outcomes: readonly Outcome[] } | { readonly refusal: unknown };

/** What was read under the locks. */
export interface BatchInputs {
  readonly balances: readonly LockedBalance[];
  readonly context: BatchContext;
  readonly earlier: EarlierTransactions;
  readonly routes: RouteBook;
  readonly now: Date;
  readonly newId: () => string;
}

/**
 * Plans units one after the other, each on the books as those before left them. Nothing is written here: the answers are
 * what to say (`plan`) and what to write (`takeWrites`). A refusal is its own unit's alone.
 */
export class BatchPlanner {
  readonly #inputs: BatchInputs;
  readonly #rows: RowSource;
  readonly #books: BooksOverlay;
  readonly #rules: LedgerRuleBook;
  readonly #keys: ReadonlyMap<string, string>;
  readonly #kept = new BatchDraft();

  constructor(inputs: BatchInputs) {
    this.#inputs = inputs;
    this.#rows = { newId: inputs.newId, at: inputs.now.toISOString() };
    this.#books = new BooksOverlay(inputs.balances);
    this.#rules = new LedgerRuleBook(inputs.context.ledgers, inputs.routes);
    this.#keys = new Map(inputs.context.keys.map((key) => [keyOf(key), key.transactionId]));
  }

  plan(unit: Unit): UnitOutcome {
    const draft = new BatchDraft(this.#kept);
    try {
      const outcomes = unit.map((posting): Outcome => {
        if (posting.kind === 'create') return this.#create(posting, draft);
        if (posting.kind === 'revert') return this.#revert(posting, draft);
        return this.#transition(posting, draft);
      });
      this.#books.keep();
      this.#kept.keep(draft);
      return { outcomes };
    } catch (refusal) {
      this.#books.drop();
      return { refusal };
    }
  }

  /**
   * The rows of the units planned since the last call. Those of the last call bring what is written once for all units: each
   * changed balance as it ends up, and the keys, which every writer claims in one order.
   */
  takeWrites(isLast: boolean): BatchWrites {
    const once = isLast ? { keys: this.#kept.keys, balances: this.#books.changed() } : { keys: [], balances: [] };
    return { ...this.#kept.takeRows(), ...once, now: this.#rows.at };
  }

  #create(posting: CreatePosting, draft: BatchDraft): Outcome {
    const { idempotency, ledgerId } = posting;
    // Before the key: a ledger that is not at this path answers nothing, not even what it once answered.
    const rules = this.#rules.rulesOf(posting);
    const key = idempotency && keyOf({ ledgerId, hash: idempotency.hash });
    if (key !== undefined) {
      const twin = draft.madeUnder(key);
      if (twin !== undefined) return { ...twin, replayed: true };
      const transactionId = this.#keys.get(key);
      if (transactionId !== undefined) return { replayOf: transactionId };
    }
    const plan = this.#planCreate(posting, rules);
    const posted = this.#book(posting, plan, draft, null);
    if (plan.phase === 'direct')
      draft.rows.events.push({ event: 'transaction.posted', recordId: posted.transaction.id });
    if (key !== undefined && idempotency !== undefined) {
      draft.made.set(key, posted);
      const expiresAt = new Date(this.#inputs.now.getTime() + idempotency.ttlSeconds * 1000).toISOString();
      draft.keys.push({ ledgerId, hash: idempotency.hash, transactionId: posted.transaction.id, expiresAt });
    }
    return posted;
  }

  #planCreate({ command, ledgerId }: Pick<CreatePosting, 'command' | 'ledgerId'>, rules: LedgerRules): Plan {
    return planTransaction(command, this.#booksOf(ledgerId), rules);
  }

  #booksOf(ledgerId: string): Books {
    return {
      byName: (alias, key) => this.#books.byName(ledgerId, alias, key),
      byId: (id) => this.#books.byId(id),
      companionOf: (accountId) => this.#books.companionOf(accountId),
    };
  }

  #book(
    posting: Pick<CreatePosting, 'organizationId' | 'ledgerId' | 'command' | 'notes'>,
    plan: Plan,
    draft: BatchDraft,
    parentId: string | null,
  ): Posted {
    const transaction = transactionRow(posting, plan, this.#rows, parentId);
    const operations = operationRows(transaction, plan, posting.notes, this.#rows);
    this.#books.change(plan.changed);
    draft.rows.transactions.push(transaction);
    append(draft.rows.operations, operations);
    return { transaction, operations, replayed: false };
  }

  #transition(posting: TransitionPosting, draft: BatchDraft): Posted {
    const { earlier } = this.#inputs;
    const before = earlier.get(posting);
    const current = draft.endOf(before.id)?.transaction ?? before;
    if (current.status !== 'PENDING') throw earlier.notPending(current, posting.kind);
    const hold = readHold(before, earlier.operationsOf(before.id));
    const rules = this.#rules.rulesOfHold(posting.ledgerId);
    const plan = planTransition(posting.kind, hold, this.#booksOf(posting.ledgerId), rules);
    const status = statusAfter(plan.phase) as StatusChange['status'];
    const transaction = { ...before, status, pending_legs: null, updated_at: this.#rows.at };
    const operations = operationRows(transaction, plan, transaction, this.#rows);
    this.#books.change(plan.changed);
    draft.ended.set(transaction.id, { transaction, operations });
    append(draft.rows.operations, operations);
    const firstAnswer = createdView({ transaction: before, operations: earlier.operationsOf(before.id) });
    draft.rows.firstAnswers.push({ transactionId: before.id, answer: stringifyJson(firstAnswer) });
    draft.rows.statusChanges.push({ transactionId: transaction.id, status });
    const event = posting.kind === 'commit' ? 'transaction.committed' : 'transaction.canceled';
    draft.rows.events.push({ event, recordId: transaction.id });
    return { transaction, operations, replayed: false, held: before.pending_legs as readonly StoredLeg[] };
  }

  #revert(posting: RevertPosting, draft: BatchDraft): Posted {
    const { earlier, routes } = this.#inputs;
    const { transactionId } = posting;
    if (draft.isReverted(transactionId)) throw earlier.alreadyReverted();
    const hold = draft.endOf(transactionId);
    const operations = [...earlier.operationsOf(transactionId), ...(hold?.operations ?? [])];
    const create = revertPosting(earlier.getReversible(posting, hold?.transaction), operations);
    refuseOneWay(operations, routes);
    const posted = this.#book(create, this.#planCreate(create, this.#rules.rulesOf(create)), draft, transactionId);
    draft.reverted.add(transactionId);
    draft.rows.events.push({ event: 'transaction.reverted', recordId: posted.transaction.id });
    return posted;
  }
}

function keyOf({ ledgerId, hash }: { readonly ledgerId: string; readonly hash: Buffer }): string {
  return `${ledgerId}${hash.toString('latin1')}`;
}
