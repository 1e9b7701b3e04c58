import {
  type Books,
  defaultLedgerRules,
  LedgerError,
  type LedgerRules,
  type Plan,
  planTransaction,
  planTransition,
} from '@cofferdam/core';
import { stringifyJson } from '../../http/json.js';
import type { BatchContext, LiveLedger } from '../storage/idempotency-keys.js';
import { effectiveSettings } from '../storage/ledger-settings.js';
import type { LockedBalance } from '../storage/lock-balances.js';
import type { OperationRow, StoredLeg, TransactionRow } from '../storage/transaction-rows.js';
import type { BatchWrites, FirstAnswer, KeyClaim, OutboxEvent, StatusChange } from '../storage/write-batch.js';
import { createdView } from '../views/transaction.js';
import { BooksOverlay } from './books-overlay.js';
import { operationRows, type RowSource, readHold, statusAfter, transactionRow } from './build-rows.js';
import type { EarlierTransactions } from './earlier-transactions.js';
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

interface Draft {
  readonly transactions: TransactionRow[];
  readonly operations: OperationRow[];
  readonly statusChanges: StatusChange[];
  readonly firstAnswers: FirstAnswer[];
  readonly keys: KeyClaim[];
  readonly events: OutboxEvent[];
}

/** A hold as a commit or cancel of this batch left it, with what that wrote. */
interface EndedHold {
  readonly transaction: TransactionRow;
  readonly operations: readonly OperationRow[];
}

const emptyDraft = (): Draft => ({
  transactions: [],
  operations: [],
  statusChanges: [],
  firstAnswers: [],
  keys: [],
  events: [],
});

/**
 * Plans units one after the other, each on the books as those before left them. Nothing is written here: the answers are
 * what to say (`plan`) and what to write (`takeWrites`). A refusal is its own unit's alone.
 */
export class BatchPlanner {
  readonly #inputs: BatchInputs;
  readonly #rows: RowSource;
  readonly #books: BooksOverlay;
  readonly #ledgers: ReadonlyMap<string, LiveLedger>;
  readonly #keys: ReadonlyMap<string, string>;
  #kept = emptyDraft();
  /** By key: the creates of this batch, which later members with the same key replay. */
  readonly #made = new Map<string, Posted>();
  /** Transactions whose hold ended, or which were reverted, in this batch. */
  readonly #ended = new Map<string, EndedHold>();
  readonly #reverted = new Set<string>();

  constructor(inputs: BatchInputs) {
    this.#inputs = inputs;
    this.#rows = { newId: inputs.newId, at: inputs.now.toISOString() };
    this.#books = new BooksOverlay(inputs.balances);
    this.#ledgers = new Map(inputs.context.ledgers.map((ledger) => [ledger.ledgerId, ledger]));
    this.#keys = new Map(inputs.context.keys.map((key) => [keyOf(key), key.transactionId]));
  }

  plan(unit: Unit): UnitOutcome {
    const draft = emptyDraft();
    const made = new Map<string, Posted>();
    const ended = new Map<string, EndedHold>();
    const reverted = new Set<string>();
    try {
      const outcomes = unit.map((posting): Outcome => {
        if (posting.kind === 'create') return this.#create(posting, draft, made);
        if (posting.kind === 'revert') return this.#revert(posting, draft, ended, reverted);
        return this.#transition(posting, draft, ended);
      });
      this.#keep(draft, made, ended, reverted);
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
    const { keys, ...rows } = this.#kept;
    this.#kept = { ...emptyDraft(), keys: isLast ? [] : keys };
    const once = isLast ? { keys, balances: this.#books.changed() } : { keys: [], balances: [] };
    return { ...rows, ...once, now: this.#rows.at };
  }

  #keep(
    draft: Draft,
    made: ReadonlyMap<string, Posted>,
    ended: ReadonlyMap<string, EndedHold>,
    reverted: ReadonlySet<string>,
  ): void {
    this.#books.keep();
    this.#kept.transactions.push(...draft.transactions);
    this.#kept.operations.push(...draft.operations);
    this.#kept.statusChanges.push(...draft.statusChanges);
    this.#kept.firstAnswers.push(...draft.firstAnswers);
    this.#kept.keys.push(...draft.keys);
    this.#kept.events.push(...draft.events);
    for (const [key, posted] of made) this.#made.set(key, posted);
    for (const [id, hold] of ended) this.#ended.set(id, hold);
    for (const id of reverted) this.#reverted.add(id);
  }

  #create(posting: CreatePosting, draft: Draft, made: Map<string, Posted>): Outcome {
    const { idempotency, ledgerId } = posting;
    // Before the key: a ledger that is not at this path answers nothing, not even what it once answered.
    const rules = this.#rulesOf(posting);
    const key = idempotency && keyOf({ ledgerId, hash: idempotency.hash });
    if (key !== undefined) {
      const twin = made.get(key) ?? this.#made.get(key);
      if (twin !== undefined) return { ...twin, replayed: true };
      const transactionId = this.#keys.get(key);
      if (transactionId !== undefined) return { replayOf: transactionId };
    }
    const plan = this.#planCreate(posting, rules);
    const posted = this.#book(posting, plan, draft, null);
    if (plan.phase === 'direct') draft.events.push({ event: 'transaction.posted', recordId: posted.transaction.id });
    if (key !== undefined && idempotency !== undefined) {
      made.set(key, posted);
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

  /** The settings of a live ledger of that organization; any other is not found, whoever owns it. */
  #rulesOf({ organizationId, ledgerId }: { readonly organizationId: string; readonly ledgerId: string }): LedgerRules {
    const ledger = this.#ledgers.get(ledgerId);
    if (ledger?.organizationId !== organizationId)
      throw new LedgerError('entity_not_found', {
        detail:
          'No Ledger was found for this id at this path. Check the ids in the path; a deleted record is not found either.',
        entityType: 'Ledger',
      });
    return this.#readRules(ledger);
  }

  #readRules({ ledgerId, settings }: LiveLedger): LedgerRules {
    const { accounting, tracer, overrides } = effectiveSettings(settings);
    return {
      validateRoutes: accounting.validateRoutes,
      allowFeeSkip: overrides.allowFeeSkip,
      allowTracerSkip: overrides.allowTracerSkip,
      guardRequired: tracer.mode === 'enforce' && tracer.failPosture === 'closed',
      findRoute: (id) => this.#inputs.routes.transactionRoute(ledgerId, id),
    };
  }

  #book(
    posting: Pick<CreatePosting, 'organizationId' | 'ledgerId' | 'command' | 'notes'>,
    plan: Plan,
    draft: Draft,
    parentId: string | null,
  ): Posted {
    const transaction = transactionRow(posting, plan, this.#rows, parentId);
    const operations = operationRows(transaction, plan, posting.notes, this.#rows);
    this.#books.change(plan.changed);
    draft.transactions.push(transaction);
    draft.operations.push(...operations);
    return { transaction, operations, replayed: false };
  }

  #transition(posting: TransitionPosting, draft: Draft, ended: Map<string, EndedHold>): Posted {
    const { earlier } = this.#inputs;
    const before = earlier.get(posting);
    const current = (ended.get(before.id) ?? this.#ended.get(before.id))?.transaction ?? before;
    if (current.status !== 'PENDING') throw earlier.notPending(current, posting.kind);
    const hold = readHold(before, earlier.operationsOf(before.id));
    const ledger = this.#ledgers.get(posting.ledgerId);
    // A hold can be ended after its ledger was deleted: the money must not stay held for ever.
    const rules = ledger === undefined ? defaultLedgerRules : this.#readRules(ledger);
    const plan = planTransition(posting.kind, hold, this.#booksOf(posting.ledgerId), rules);
    const status = statusAfter(plan.phase) as StatusChange['status'];
    const transaction = { ...before, status, pending_legs: null, updated_at: this.#rows.at };
    const operations = operationRows(transaction, plan, transaction, this.#rows);
    this.#books.change(plan.changed);
    ended.set(transaction.id, { transaction, operations });
    draft.operations.push(...operations);
    const firstAnswer = createdView({ transaction: before, operations: earlier.operationsOf(before.id) });
    draft.firstAnswers.push({ transactionId: before.id, answer: stringifyJson(firstAnswer) });
    draft.statusChanges.push({ transactionId: transaction.id, status });
    const event = posting.kind === 'commit' ? 'transaction.committed' : 'transaction.canceled';
    draft.events.push({ event, recordId: transaction.id });
    return { transaction, operations, replayed: false, held: before.pending_legs as readonly StoredLeg[] };
  }

  #revert(posting: RevertPosting, draft: Draft, ended: ReadonlyMap<string, EndedHold>, reverted: Set<string>): Posted {
    const { earlier, routes } = this.#inputs;
    const { transactionId } = posting;
    if (reverted.has(transactionId) || this.#reverted.has(transactionId)) throw earlier.alreadyReverted();
    const hold = ended.get(transactionId) ?? this.#ended.get(transactionId);
    const operations = [...earlier.operationsOf(transactionId), ...(hold?.operations ?? [])];
    const create = revertPosting(earlier.getReversible(posting, hold?.transaction), operations);
    refuseOneWay(operations, routes);
    const posted = this.#book(create, this.#planCreate(create, this.#rulesOf(create)), draft, transactionId);
    reverted.add(transactionId);
    draft.events.push({ event: 'transaction.reverted', recordId: posted.transaction.id });
    return posted;
  }
}

function keyOf({ ledgerId, hash }: { readonly ledgerId: string; readonly hash: Buffer }): string {
  return `${ledgerId}${hash.toString('latin1')}`;
}
